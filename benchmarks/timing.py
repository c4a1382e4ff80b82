"""How benchmarks time: two rivals in alternation in one process, medians, the same threads."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"
SETTLE = 2  # runs before the clock counts: kernels are compiled, caches warm


class Rival(NamedTuple):
    """What is timed: forward() → y and backward(y)."""

    forward: Callable[[], Any]
    backward: Callable[[Any], None]


class Times(NamedTuple):
    """Median seconds of a forward and of a backward pass."""

    forward: float
    backward: float


def limit_threads(threads: int) -> None:
    """Sets the number of threads; to be called before NumPy is imported."""
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)


def import_torch(threads: int) -> Any:
    """PyTorch with that many threads; None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    return torch


def race(rivals: list[Rival], seconds: float) -> list[Times]:
    """Times all rivals in turn, over and over, for about `seconds` together (at least 3 rounds)."""
    for _ in range(SETTLE):
        for rival in rivals:
            rival.backward(rival.forward())
    spent: list[list[tuple[float, float]]] = [[] for _ in rivals]
    start = time.perf_counter()
    while len(spent[0]) < 3 or time.perf_counter() - start < seconds:
        for rival, times in zip(rivals, spent, strict=True):
            before = time.perf_counter()
            y = rival.forward()
            middle = time.perf_counter()
            rival.backward(y)
            times.append((middle - before, time.perf_counter() - middle))
    return [Times(*(statistics.median(part) for part in zip(*t, strict=True))) for t in spent]


def machine(threads: int) -> dict[str, Any]:
    """What a reader needs to know to read the numbers."""
    import numpy

    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }


def cpu_name() -> str:
    """The model of the CPU, as the system knows it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
