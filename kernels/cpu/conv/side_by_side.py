"""1 × 1 convolution of small images: several are laid side by side for one matrix product.

[Y₁ Y₂ …] = W [X₁ X₂ …] + b        gW = [gY₁ gY₂ …] [X₁ X₂ …]ᵀ
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..blas import gemm
from ..shares import share
from .phases import FAST

COLUMNS = 512  # of one product, if there are as many


def images(size: int, N: int, shares: int) -> int:
    """How many images of `size` pixels make a product, if there are to be so many shares of N."""
    return max(1, min(-(-COLUMNS // size), -(-N // shares)))


@njit(cache=True, nogil=True, fastmath=FAST)
def _lay(x, n0, n1, c0, c1, X):  # type: ignore[no-untyped-def]
    """X (c1 − c0, n1 − n0, size): some channels of some images, channel by channel."""
    size = x.shape[2]
    for c in range(c0, c1):
        for n in range(n0, n1):
            at = ((c - c0) * (n1 - n0) + n - n0) * size
            source, target = x[n, c], X[at : at + size]
            for p in range(size):
                target[p] = source[p]


@njit(cache=True, nogil=True, fastmath=FAST)
def multiply(sgemm, x, w, turned, bias, y, group, parts, thread, threads):  # type: ignore[no-untyped-def]
    """y = W x + b, or Wᵀ x; a task is a group of images and a part of the output channels."""
    N, C, size = x.shape
    OC = y.shape[1]
    X = np.empty(C * group * size, np.float32)
    Y = np.empty(-(-OC // parts) * group * size, np.float32)
    start, stop = share(-(-N // group) * parts, thread, threads)
    for task in range(start, stop):
        block, part = divmod(task, parts)
        n0, n1 = block * group, min(N, (block + 1) * group)
        o0, o1 = OC * part // parts, OC * (part + 1) // parts
        columns = (n1 - n0) * size
        _lay(x, n0, n1, 0, C, X)
        gemm(sgemm, o1 - o0, columns, C, w, o0 if turned else o0 * C, w.shape[1], turned,
             X, 0, columns, False, 0.0, Y, 0, columns)  # fmt: skip
        for n in range(n0, n1):
            for o in range(o0, o1):
                at = (o - o0) * columns + (n - n0) * size
                b = bias[o] if bias.size else np.float32(0)
                source, target = Y[at : at + size], y[n, o]
                for p in range(size):
                    target[p] = source[p] + b


@njit(cache=True, nogil=True, fastmath=FAST)
def weight_gradient(sgemm, gy, x, sums, by_images, group, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum over some groups, or its own output channels."""
    N, C, size = x.shape
    OC = gy.shape[1]
    (o0, o1), (first, stop), at = share(OC, thread, threads), (0, -(-N // group)), 0
    if by_images:
        (o0, o1), (first, stop), at = (0, OC), share(stop, thread, threads), thread
    X = np.empty(C * group * size, np.float32)
    G = np.empty((o1 - o0) * group * size, np.float32)
    for block in range(first, stop):
        n0, n1 = block * group, min(N, (block + 1) * group)
        columns = (n1 - n0) * size
        _lay(x, n0, n1, 0, C, X)
        _lay(gy, n0, n1, o0, o1, G)
        gemm(sgemm, o1 - o0, C, columns, G, 0, columns, False, X, 0, columns, True,
             0.0 if block == first else 1.0, sums, (at * OC + o0) * C, C)  # fmt: skip
