"""1 × 1 convolution with stride 1: matrix products on the images where they lie.

    Y = W X + b        gX = Wᵀ gY        gW = Σ gY Xᵀ        X (C, H W) is one image

Small images are too narrow for a product of their own: columns.py puts several side by side.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from .blas import SGEMM, gemm
from .geometry import Geometry
from .phases import FAST

ENOUGH = 40  # pixels of an image from which on it is multiplied alone


def supports(g: Geometry) -> bool:
    """A kernel of one element on every pixel, one group, images that are large enough."""
    return g.pointwise and g.G == 1 and g.H * g.W >= ENOUGH


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(0, np.float32) if b is None else b
    _run(x, w.reshape(g.OC, g.C), False, bias, y, g)
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    gx = np.empty((g.N, g.C, g.H, g.W), np.float32)
    none = np.zeros(0, np.float32)
    _run(gy, w.reshape(g.OC, g.C), True, none, gx, g)
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    sums = np.zeros((min(g.N, threads.worth_products(g.flops)), g.OC, g.C), np.float32)
    threads.run(_weight_gradient, SGEMM, _flat(gy), _flat(x), sums, most=len(sums))
    return (sums[0] if len(sums) == 1 else sums.sum(axis=0)).reshape(g.OC, g.C, 1, 1)


def _flat(x: np.ndarray) -> np.ndarray:
    """(N, C, H·W)."""
    return x.reshape(*x.shape[:2], -1)


def _run(
    x: np.ndarray, w: np.ndarray, turned: bool, b: np.ndarray, y: np.ndarray, g: Geometry
) -> None:
    """Each image is cut into parts where that gives every thread as much."""
    count = threads.worth_products(g.flops)
    parts = 1 if g.N % count == 0 or 4 * count <= g.N else count
    threads.run(_forward, SGEMM, _flat(x), w, turned, b, _flat(y), parts, most=count)


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(sgemm, x, w, turned, bias, y, parts, thread, threads):  # type: ignore[no-untyped-def]
    """y = W x, or Wᵀ x; a task is some pixels of an image."""
    N, C, size = x.shape
    OC = y.shape[1]
    for task in range(thread, N * parts, threads):
        n, part = divmod(task, parts)
        p0, p1 = size * part // parts, size * (part + 1) // parts
        if bias.size:
            for o in range(OC):
                y[n, o, p0:p1] = bias[o]
        gemm(sgemm, OC, p1 - p0, C, w, 0, w.shape[1], turned, x, n * C * size + p0, size, False,
             1.0 if bias.size else 0.0, y, n * OC * size + p0, size)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(sgemm, gy, x, sums, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum over every so many-th image."""
    N, C, size = x.shape
    OC = gy.shape[1]
    for n in range(thread, N, threads):
        gemm(sgemm, OC, C, size, gy, n * OC * size, size, False, x, n * C * size, size, True,
             1.0, sums, thread * OC * C, C)  # fmt: skip
