"""Time on the GPU: events around the work, medians of many runs.

A GPU passes an event in an empty stream at once, and so the time to the next event would mostly be
Python's, which takes longer to send a kernel than most kernels take to run. So the stream is first
held by a kernel that waits until the host has sent everything: then the GPU goes from one launch to
the next, and the events tell its time alone.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .place import Place

SETTLE, RUNS = 3, 8  # runs before the clock counts, and runs that count
# Seconds that the stream is held, at least and at most. A stream keeps some 1000 launches waiting;
# the host then waits, too, however long the stream is held.
SHORTEST, LONGEST = 1e-3, 0.1
HOLD = r"""
extern "C" __global__ void hold(long long cycles) {
    long long start = clock64();
    while (clock64() - start < cycles) {}
}
"""
_CYCLES = 2e9  # of a GPU in a second, about; whether it was long enough is looked at


class Spent(NamedTuple):
    """Seconds of a call: of the GPU alone, and with Python, as seen from an empty stream.

    late: the GPU began before the host had sent everything, because the call waits for it or makes
    more launches than a stream keeps, so that Python's time may be in the GPU's.
    """

    gpu: float
    with_python: float
    late: bool

    def named(self, name: str) -> dict[str, Any]:
        """As it is written to the results."""
        found = {name: self.gpu, f"{name}_with_python": self.with_python}
        return {**found, f"{name}_late": True} if self.late else found


class Run(NamedTuple):
    """Seconds between the events and of the host; what the call returned."""

    gpu: float
    host: float
    late: bool
    result: Any


def measured(place: Place, calls: Sequence[Callable[[], Any]]) -> Spent:
    """The median time of one of several calls, made in turn, each on memory of its own.

    So no cache holds what a call reads.
    """

    def all_of_them() -> None:
        for call in calls:
            call()

    for _ in range(SETTLE):
        all_of_them()
    from_empty = [_run(place, all_of_them, 0.0) for _ in range(_runs(place))]
    alone = held(place, all_of_them, statistics.median(run.host for run in from_empty))
    return Spent(
        statistics.median(run.gpu for run in alone) / len(calls),
        statistics.median(run.gpu for run in from_empty) / len(calls),
        alone[-1].late,
    )


def held(place: Place, call: Callable[[], Any], host: float) -> list[Run]:
    """Runs of a call behind a hold. host: the seconds that Python takes to send it all.

    Runs in which the hold was too short count only where it never was long enough.
    """
    seconds, found = max(2 * host, SHORTEST), []
    for _ in range(_runs(place)):
        found.append(_run(place, call, min(seconds, LONGEST)))
        if found[-1].late:
            seconds *= 2
    return [run for run in found if not run.late] or found


def _runs(place: Place) -> int:
    return 2 if place.small else RUNS


def _run(place: Place, call: Callable[[], Any], hold: float) -> Run:
    cuda = place.cupy.cuda
    begin, end = cuda.Event(), cuda.Event()
    if hold and not place.small:  # the emulator does at once what it is sent
        _holding(place.cupy)((1,), (1,), (np.int64(hold * _CYCLES),))
    start = time.perf_counter()
    begin.record()
    result = call()
    end.record()
    host, late = time.perf_counter() - start, bool(begin.done) and not place.small
    end.synchronize()
    return Run(cuda.get_elapsed_time(begin, end) / 1e3, host, late, result)


@functools.cache
def _holding(cupy: Any) -> Any:
    return cupy.RawKernel(HOLD, "hold")


def copy_speed(place: Place) -> float:
    """Bytes in a second, read and written, of a copy of an array that no cache holds."""
    size = 1 << 12 if place.small else 1 << 28
    source, target = (place.cupy.ones(size, "float32") for _ in range(2))

    def copy() -> None:
        target[...] = source

    return 2 * source.nbytes / max(measured(place, [copy]).gpu, 1e-12)
