"""Σ over images and pixels for each channel: the gradient of a bias that is added to images.

A thread has images. BLOCK numbers are added up in float32, the blocks and images in float64 and in
their order, so that no result depends on how many threads there are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from ..norm.runs import BLOCK, FAST
from ..shares import share


def channel_sums(x: np.ndarray) -> np.ndarray:
    """x (N, C, …), contiguous float32 → (C,)."""
    planes = x.reshape(*x.shape[:2], -1)
    sums = np.empty(x.shape[:2])
    threads.run(_of_planes, planes, sums, most=threads.worth(2 * x.size))
    total: np.ndarray = sums.sum(axis=0).astype(np.float32)
    return total


@njit(cache=True, nogil=True)
def _of_planes(x, sums, thread, threads):  # type: ignore[no-untyped-def]
    """sums (N, C): of each plane of x (N, C, S)."""
    N, C, S = x.shape
    first, last = share(N * C, thread, threads)
    for plane in range(first, last):
        n, c = divmod(plane, C)
        total = 0.0
        for start in range(0, S, BLOCK):
            total += np.float64(_sum(x[n, c, start : min(start + BLOCK, S)]))
        sums[n, c] = total


@njit(cache=True, nogil=True, forceinline=True, fastmath=FAST)
def _sum(x):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for i in range(x.size):
        total += x[i]
    return total
