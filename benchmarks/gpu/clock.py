"""Time on the GPU: events around the work, medians of many runs."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from .place import Place

SETTLE = 3  # runs before the clock counts


def seconds_of(place: Place, call: Callable[[], Any], runs: int = 20) -> float:
    """The median of a call's time, between two events in the stream."""
    cuda = place.cupy.cuda
    times = []
    for number in range(SETTLE + runs):
        begin, end = cuda.Event(), cuda.Event()
        begin.record()
        call()
        end.record()
        end.synchronize()
        if number >= SETTLE:
            times.append(cuda.get_elapsed_time(begin, end) / 1e3)
    return statistics.median(times)


def in_turns(place: Place, calls: list[Callable[[], Any]], runs: int = 20) -> float:
    """The same of several calls that take turns, each on other memory than the one before."""
    state = {"next": 0}

    def one() -> Any:
        state["next"] = (state["next"] + 1) % len(calls)
        return calls[state["next"]]()

    return seconds_of(place, one, runs)


def copy_speed(place: Place) -> float:
    """Bytes in a second, read and written, of a copy of an array that no cache holds."""
    size = 1 << 12 if place.small else 1 << 28
    source, target = (place.cupy.ones(size, "float32") for _ in range(2))

    def copy() -> None:
        target[...] = source

    return 2 * source.nbytes / max(seconds_of(place, copy), 1e-12)
