"""What this machine could do at best (S. Williams, A. Waterman, D. Patterson, "Roofline", 2009)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Roofline(NamedTuple):
    """FLOP/s of a large matrix product and bytes/s of a large copy, measured now."""

    speed: float
    width: float

    def seconds(self, flops: int, size: int) -> tuple[float, float]:
        """The least time to compute so much, and to move so much."""
        return flops / self.speed, size / self.width


def measured_roofline() -> Roofline:
    """This machine's, with the threads that are set."""
    a = np.ones((1024, 1024), np.float32)
    big, other = np.ones(1 << 24, np.float32), np.zeros(1 << 24, np.float32)
    return Roofline(
        2 * 1024**3 / least(lambda: a @ a),
        2 * big.nbytes / least(lambda: np.copyto(other, big)),
    )


def least(call: Callable[[], Any]) -> float:
    """The least of five times, after one run that may compile."""
    call()
    found = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)
