"""How the time of a training step grows with the batch, the image and the threads."""

from __future__ import annotations

import math
from typing import Any

from .turns import Pace, race
from .works import Work, work_named

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
SIZES = (32, 64, 128, 256, 512)
THREADS = (1, 2)
THREADED = ("lenet5_b128", "resnet20_cifar_b32", "resnet18_cifar_b32")


def works_along(axis: str, quick: bool) -> list[tuple[int, Work]]:
    """(the number that grows, the work) for "batch" or "size"; two of each when quick."""
    if axis == "batch":
        base, numbers = work_named("resnet20_cifar_b32"), BATCHES[:6:5] if quick else BATCHES
    else:  # two images, because batch norm needs two values where 32 × 32 has shrunk to 1 × 1
        base, numbers = work_named("resnet18_b8")._replace(batch=2), SIZES[:3:2] if quick else SIZES
    return [(number, base._replace(**{axis: number})) for number in numbers]


def grow(axis: str, names: list[str], threads: int, pace: Pace, quick: bool) -> dict[str, Any]:
    """Seconds of a training step for each engine at each number, and the fitted exponents."""
    points: dict[str, list[tuple[int, float]]] = {name: [] for name in names}
    model = ""
    for number, work in works_along(axis, quick):
        model = work.model
        cells = race(work, names, threads, pace, ("train",))["train"]
        for name in names:
            if "median" in cells[name]:
                points[name].append((number, cells[name]["median"]))
    exponents = {name: exponent(row) for name, row in points.items() if len(row) > 1}
    return {"model": model, "points": points, "exponents": exponents}


def by_threads(names: list[str], pace: Pace, quick: bool) -> dict[str, Any]:
    """Seconds of a training step on 1 and on 2 threads, by work and engine."""
    found: dict[str, Any] = {}
    for name in THREADED[:1] if quick else THREADED:
        found[name] = {}
        for threads in THREADS:
            cells = race(work_named(name), names, threads, pace, ("train",))["train"]
            for engine in names:
                if "median" in cells[engine]:
                    row = found[name].setdefault(engine, {"points": []})
                    row["points"].append((threads, cells[engine]["median"]))
        for row in found[name].values():
            row["exponent"] = exponent(row["points"])
    return found


def exponent(points: list[tuple[int, float]]) -> float:
    """k of seconds ≈ c · number^k: the slope of the least-squares line through the logarithms."""
    logs = [(math.log(number), math.log(seconds)) for number, seconds in points]
    mean_x, mean_y = (sum(part) / len(logs) for part in zip(*logs, strict=True))
    across = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return across / sum((x - mean_x) ** 2 for x, _ in logs)
