"""How much it matters where the system puts the two threads of a network: near or far apart.

    python benchmarks/placement.py [--seconds 30] [--works NAME ...]

Cores of one processor may have a cache in common, or not; a virtual machine's are moved about while
it runs. Before and after each measurement a number goes to and fro between two threads: within a
cache that takes some 30 ns a way, without one 100 and more. Medians of each work are shown for both
(`--limit` ns divides them), as far as both occurred.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from minitorch_cv.kernels.team.waiting import load, store
from minitorch_cv.kernels.team.worker import Worker
from numba import njit

import minitorch_cv as mt
from benchmarks.networks.eager import ours
from benchmarks.networks.works import WORKS, work_named

WAYS = 2000  # there and back
SECONDS = 0.15  # of one measurement


@njit(nogil=True)
def bounce(ball: Any, second: int, times: int) -> None:
    """Waits for each number of the other thread and answers with the next."""
    for i in range(times):
        while load(ball, 0) != 2 * i + second:
            pass
        store(ball, 0, 2 * i + second + 1)


def way(worker: Worker) -> float:
    """Nanoseconds from one core to the other."""
    ball = np.zeros(16, np.int64)
    worker.give(bounce, (ball, 1, WAYS))
    bounce(ball, 0, WAYS // 2)  # until both are there
    before = time.perf_counter()
    _rest(ball)
    seconds = time.perf_counter() - before
    worker.wait()
    return seconds / WAYS * 1e9


@njit(nogil=True)
def _rest(ball: Any) -> None:
    for i in range(WAYS // 2, WAYS):
        while load(ball, 0) != 2 * i:
            pass
        store(ball, 0, 2 * i + 1)


def measure(steps: dict[str, Callable[[], Any]], seconds: float, limit: float) -> dict[str, Any]:
    """Work → the medians (ms) of its steps with the cores near and far."""
    worker = Worker("ball")
    found: dict[str, Any] = {name: {"near": [], "far": []} for name in steps}
    way(worker)  # compiles
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, step in steps.items():
            before, times = way(worker), []
            start = time.perf_counter()
            while not times or time.perf_counter() - start < SECONDS:
                began = time.perf_counter()
                step()
                times.append(time.perf_counter() - began)
            sides = {"near" if ns < limit else "far" for ns in (before, way(worker))}
            if len(sides) == 1:
                found[name][sides.pop()].append(1e3 * statistics.median(times))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--limit", type=float, default=80.0, help="nanoseconds")
    parser.add_argument("--works", nargs="+", default=["resnet20_cifar_b32", "lenet5_b128"],
                        choices=[work.name for work in WORKS], metavar="NAME")  # fmt: skip
    given = parser.parse_args(arguments)
    if mt.get_num_threads() < 2:
        parser.error("it takes two cores, and OMP_NUM_THREADS of 2 or more")
    steps: dict[str, Callable[[], Any]] = {}
    for name in given.works:
        for mode in ("infer", "train"):
            engine = ours(2)
            engine.build(work_named(name))
            steps[f"{name} {mode}"] = engine.step_of(mode)
    for step in steps.values():
        step()
    print(f"{'':30} {'near':>20} {'far':>20}")
    for name, sides in measure(steps, given.seconds, given.limit).items():
        cells = [
            f"{statistics.median(t):8.2f} ms ({len(t):3})" if t else "–" for t in sides.values()
        ]
        print(f"{name:30} {cells[0]:>20} {cells[1]:>20}")


if __name__ == "__main__":
    main()
