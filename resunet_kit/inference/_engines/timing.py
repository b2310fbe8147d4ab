"""Timing of several calls under the same load: they alternate, and the slow ones drop out."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

ROUNDS = 7
HOPELESS = 2.5  # times as slow as the fastest: not timed again; other processes seldom slow a call down that much

Name = TypeVar("Name", bound=Hashable)


def seconds_of(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fastest_times(calls: Mapping[Name, Callable[[], object]], seconds: float) -> dict[Name, float]:
    """Return the shortest time of each call, after one round or more.

    Args:
        calls: The calls to time, already warm, by name.
        seconds: Time after which no further round begins.
    """
    end = time.perf_counter() + seconds
    times = {name: seconds_of(call) for name, call in calls.items()}
    for _ in range(ROUNDS - 1):
        best = min(times.values(), default=0.0)
        hopeful = {name: call for name, call in calls.items() if times[name] <= HOPELESS * best}
        if len(hopeful) < 2 or time.perf_counter() + sum(times[name] for name in hopeful) > end:
            break
        times |= {name: min(times[name], seconds_of(call)) for name, call in hopeful.items()}
    return times
