"""1 × 1 convolution with stride 1: matrix products on the images where they lie.

    Y = W X + b        gX = Wᵀ gY        gW = Σ gY Xᵀ        X (C, H W) is one image

Small images are too narrow for a product of their own: columns.py puts several side by side.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from ..blas import SGEMM, gemm
from .geometry import Geometry
from .phases import FAST

MANY = 64  # output channels of one thread from which on they are shared instead of the images
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
    """gw. Threads share the output channels where they are many, else the images."""
    gw = np.empty((g.OC, g.C, 1, 1), np.float32)
    count = threads.worth_products(g.flops)
    if MANY * count <= g.OC or g.N == 1:
        flat = gw.reshape(1, g.OC, g.C)
        threads.run(_weight_gradient, SGEMM, _flat(gy), _flat(x), flat, False, most=count)
        return gw
    sums = np.empty((min(g.N, count), g.OC, g.C), np.float32)
    threads.run(_weight_gradient, SGEMM, _flat(gy), _flat(x), sums, True, most=len(sums))
    np.sum(sums, axis=0, out=gw.reshape(g.OC, g.C))
    return gw


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
def _weight_gradient(sgemm, gy, x, sums, by_images, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum over every so many-th image, or its own output channels."""
    N, C, size = x.shape
    OC = gy.shape[1]
    first, step, o0, o1, at = 0, 1, OC * thread // threads, OC * (thread + 1) // threads, 0
    if by_images:
        first, step, o0, o1, at = thread, threads, 0, OC, thread
    for n in range(first, N, step):
        gemm(sgemm, o1 - o0, C, size, gy, (n * OC + o0) * size, size, False,
             x, n * C * size, size, True,
             0.0 if n == first else 1.0, sums, (at * OC + o0) * C, C)  # fmt: skip
