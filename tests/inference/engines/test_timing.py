import time

import pytest

from resunet_kit.inference._engines.timing import ROUNDS, fastest_times


class Clock:
    """Time that calls alone take."""

    def __init__(self):
        self.now, self.called = 0.0, []

    def call(self, name, seconds):
        def run():
            self.called.append(name)
            self.now += seconds.pop(0) if len(seconds) > 1 else seconds[0]

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    return clock


def test_slow_calls_drop_out_and_fast_ones_take_turns(clock):
    calls = {"a": clock.call("a", [3.0, 2.0]), "b": clock.call("b", [2.5]), "slow": clock.call("slow", [50.0])}
    times = fastest_times(calls, 1000)
    assert clock.called[:5] == ["a", "b", "slow", "a", "b"]
    assert (clock.called.count("slow"), clock.called.count("a")) == (1, ROUNDS)
    assert times == pytest.approx({"a": 2.0, "b": 2.5, "slow": 50.0})


def test_no_round_begins_that_the_time_does_not_suffice_for(clock):
    fastest_times({name: clock.call(name, [2.0]) for name in "ab"}, 9.0)
    assert clock.called == ["a", "b", "a", "b"]


def test_one_call_is_timed_once(clock):
    assert fastest_times({"a": clock.call("a", [2.0])}, 1000) == {"a": 2.0}
    assert clock.called == ["a"]
