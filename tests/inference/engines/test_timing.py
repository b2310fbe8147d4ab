import time

from resunet_kit.inference._engines.timing import ROUNDS, fastest_times


def test_slow_calls_drop_out_and_fast_ones_take_turns():
    called = []

    def call(name, seconds):
        called.append(name)
        time.sleep(seconds)

    names = {"a": 0.002, "b": 0.002, "slow": 0.05}
    times = fastest_times({name: lambda name=name: call(name, names[name]) for name in names}, 10)
    assert called[:5] == ["a", "b", "slow", "a", "b"]
    assert (called.count("slow"), called.count("a")) == (1, ROUNDS)
    assert 0.002 <= times["a"] < 0.04 < times["slow"]


def test_no_round_begins_after_the_time():
    start = time.perf_counter()
    fastest_times({name: lambda: time.sleep(0.05) for name in "ab"}, 0.1)
    assert time.perf_counter() - start < 0.35
