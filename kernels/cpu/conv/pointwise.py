"""1 × 1 convolution: matrix products on the images, where they lie or side by side.

    Y = W X + b        gX = Wᵀ gY        gW = Σ gY Xᵀ        X (C, H W) is one image

With a stride X is the pixels that are used, which are picked first; the others' gradient is 0.
A product packs W anew, so that images of few pixels are laid side by side: side_by_side.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from ..blas import SGEMM, gemm
from ..shares import share
from . import side_by_side
from .geometry import Geometry
from .phases import FAST

MANY = 64  # output channels of one thread from which on they are shared instead of the images
WIDE = 160  # pixels from which on an image is multiplied where it lies


def supports(g: Geometry) -> bool:
    """A kernel of one element, one group, no padding."""
    every = ((g.H - 1) // g.S[0] + 1, (g.W - 1) // g.S[1] + 1)
    return g.K == (1, 1) and g.P == (0, 0) and g.G == 1 and every == (g.OH, g.OW)


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(0, np.float32) if b is None else b
    _multiply(_picked(x, g), w.reshape(g.OC, g.C), False, bias, _flat(y), g)
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    gx = np.empty((g.N, g.C, g.H, g.W), np.float32)
    none = np.zeros(0, np.float32)
    small = gx if g.S == (1, 1) else np.empty((g.N, g.C, g.OH, g.OW), np.float32)
    _multiply(_flat(gy), w.reshape(g.OC, g.C), True, none, _flat(small), g)
    if small is not gx:
        threads.run(_spread, small, g.S, gx, most=threads.worth(gx.size))
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gw. Threads share the output channels where they are many, else the images."""
    gw = np.empty((g.OC, g.C, 1, 1), np.float32)
    count = threads.worth_products(g.flops)
    group = 1 if _is_wide(g) else side_by_side.images(g.OH * g.OW, g.N, 1)
    by_channels = MANY * count <= g.OC or group == g.N
    if not by_channels and group > 1:
        group = side_by_side.images(g.OH * g.OW, g.N, count)
    sums = 1 if by_channels else min(-(-g.N // group), count)
    room = gw if sums == 1 else np.empty((sums, g.OC, g.C), np.float32)
    args = (SGEMM, _flat(gy), _picked(x, g), room.reshape(sums, g.OC, g.C), not by_channels)
    if group == 1:
        threads.run(_weight_gradient, *args, most=count if by_channels else sums)
    else:
        kernel = side_by_side.weight_gradient
        threads.run(kernel, *args, group, most=count if by_channels else sums)
    if sums > 1:
        np.sum(room, axis=0, out=gw.reshape(g.OC, g.C))
    return gw


def _is_wide(g: Geometry) -> bool:
    return g.N == 1 or g.OH * g.OW >= WIDE


def _flat(x: np.ndarray) -> np.ndarray:
    """(N, C, H·W)."""
    return x.reshape(*x.shape[:2], -1)


def _picked(x: np.ndarray, g: Geometry) -> np.ndarray:
    """(N, C, OH·OW): the pixels that are used."""
    if g.S == (1, 1):
        return _flat(x)
    out = np.empty((g.N, g.C, g.OH, g.OW), np.float32)
    threads.run(_pick, x, g.S, out, most=threads.worth(2 * out.size))
    return _flat(out)


def _multiply(
    x: np.ndarray, w: np.ndarray, turned: bool, b: np.ndarray, y: np.ndarray, g: Geometry
) -> None:
    """y = W x + b, or Wᵀ x. Images are cut into parts where that gives every thread as much."""
    count = threads.worth_products(g.flops)
    if not _is_wide(g):
        parts = count if y.shape[1] >= MANY // 2 * count else 1
        group = side_by_side.images(x.shape[2], g.N, 1 if parts > 1 else count)
        threads.run(
            side_by_side.multiply, SGEMM, x, w, turned, b, y, group, parts, most=count
        )  # fmt: skip
        return
    parts = 1 if g.N % count == 0 or 4 * count <= g.N else count
    threads.run(_forward, SGEMM, x, w, turned, b, y, parts, most=count)


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(sgemm, x, w, turned, bias, y, parts, thread, threads):  # type: ignore[no-untyped-def]
    """y = W x, or Wᵀ x; a task is some pixels of an image."""
    N, C, size = x.shape
    OC = y.shape[1]
    start, stop = share(N * parts, thread, threads)
    for task in range(start, stop):
        n, part = divmod(task, parts)
        p0, p1 = size * part // parts, size * (part + 1) // parts
        if bias.size:
            for o in range(OC):
                y[n, o, p0:p1] = bias[o]
        gemm(sgemm, OC, p1 - p0, C, w, 0, w.shape[1], turned, x, n * C * size + p0, size, False,
             1.0 if bias.size else 0.0, y, n * OC * size + p0, size)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(sgemm, gy, x, sums, by_images, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum over some images, or its own output channels."""
    N, C, size = x.shape
    OC = gy.shape[1]
    (o0, o1), (first, stop), at = share(OC, thread, threads), (0, N), 0
    if by_images:
        (o0, o1), (first, stop), at = (0, OC), share(N, thread, threads), thread
    for n in range(first, stop):
        gemm(sgemm, o1 - o0, C, size, gy, (n * OC + o0) * size, size, False,
             x, n * C * size, size, True,
             0.0 if n == first else 1.0, sums, (at * OC + o0) * C, C)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _pick(x, steps, out, thread, threads):  # type: ignore[no-untyped-def]
    """out = x[:, :, ::SH, ::SW]."""
    N, C, OH, OW = out.shape
    start, stop = share(N * C, thread, threads)
    for plane in range(start, stop):
        n, c = divmod(plane, C)
        for p in range(OH):
            row, line = x[n, c, p * steps[0]], out[n, c, p]
            for q in range(OW):
                line[q] = row[q * steps[1]]


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(small, steps, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx[:, :, ::SH, ::SW] = small, and 0 elsewhere."""
    N, C, OH, OW = small.shape
    start, stop = share(N * C, thread, threads)
    for plane in range(start, stop):
        n, c = divmod(plane, C)
        image = gx[n, c]
        image[:] = 0
        for p in range(OH):
            row, line = image[p * steps[0]], small[n, c, p]
            for q in range(OW):
                row[q * steps[1]] = line[q]
