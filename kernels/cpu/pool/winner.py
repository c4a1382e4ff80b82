"""The gradient of the max-pools: it goes to the pixel that won each window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> tuple[np.ndarray | None]:
    """gx (N, C, …, H, W) of gy (N, C, …, OH, OW), for any number of axes."""
    if not needs[0]:
        return (None,)
    planes, count, pixels = math.prod(gy.shape[:2]), math.prod(gy.shape[2:]), math.prod(saved.size)
    gx = np.empty((*gy.shape[:2], *saved.size), np.float32)
    if saved.empty:  # nobody won: the places lie outside the image
        gx[...] = 0
        return (gx,)
    run(
        _scatter,
        np.ascontiguousarray(gy).reshape(planes, count),
        np.ascontiguousarray(saved.indices).reshape(planes, count),
        gx.reshape(planes, pixels),
        most=worth(4 * gx.size + 8 * gy.size),
    )
    return (gx,)


@njit(cache=True, nogil=True)
def _scatter(gy, indices, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx (N·C, H·W): each gradient is added where its window's winner lies.

    Plane after plane, so that the zeros are still in the cache when the gradients come.
    """
    planes, count = gy.shape
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        image = gx[n]
        image[:] = 0
        for p in range(count):
            image[np.uint64(indices[n, p])] += gy[n, p]
