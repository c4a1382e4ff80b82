"""3 × 3 convolution with stride 1 by Winograd's F(4×4, 3×3): 36 products in place of 144.

    Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        gw = Gᵀ [(A gy Aᵀ) ⊙ (Bᵀ d B)] G

for every tile d of 6 × 6 pixels. Summed over channels, each of the 36 places is a matrix product:
M (tiles, OC) = V (tiles, C) Uᵀ (C, OC). gx is the same convolution of gy with the kernels turned
round. The matrices, and the source, are in winograd_tiles.py. The transforms cost accuracy:
float32 results are within 5e-5 of the exact ones, relative to the largest.

Two ways to share the work:
- by tiles, where U fits into the cache: a thread takes some rows of tiles from x to y;
- by channels, where U is larger than the tiles: first all threads transform the tiles, each some
  channels; then each transforms the kernels of some output channels, which are used at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from .blas import SGEMM, gemm
from .geometry import Geometry
from .phases import FAST
from .winograd_tiles import (
    STRIP,
    gradient_tiles,
    input_tiles,
    kernel_gradient,
    kernel_tiles,
    output_tiles,
)

BY_TILES = 160 * 160  # up to so many pairs of channels U is shared by all threads
TILES = 1 << 18  # elements of V and M together that a thread holds, by tiles
SHARED = 1 << 22  # elements of V that are made at a time, by channels
CHANNELS = 48  # output channels whose kernels are transformed at a time, by channels


def supports(g: Geometry) -> bool:
    """3 × 3, stride 1, at most 2 rows and columns of padding and the same on both sides."""
    size = g.H + 2 * g.P[0] - 2, g.W + 2 * g.P[1] - 2
    plain = g.K == (3, 3) and g.S == g.D == (1, 1) and g.G == 1
    return plain and size == (g.OH, g.OW) and min(g.P) >= 0 and max(g.P) <= 2


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    """y."""
    return _convolve(x, w, b, g, False)


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """gx: the convolution of gy with the kernels turned round; what was padding is now what the
    kernels overlap less that."""
    P = 2 - g.P[0], 2 - g.P[1]
    back = Geometry(g.N, g.OC, g.OH, g.OW, g.C, g.H, g.W, g.K, g.S, P, g.D, 1)
    return _convolve(gy, w, None, back, True)


def _convolve(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry, turned: bool
) -> np.ndarray:
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(g.OC, np.float32) if b is None else b
    TH, TW = -(-g.OH // 4), -(-g.OW // 4)
    if _by_tiles(g):
        U = np.empty((36, g.C, g.OC), np.float32)
        threads.run(_transform_kernels, w, turned, U)
        rows = _rows(g, TILES // (36 * (g.C + g.OC)))
        threads.run(_by_rows, SGEMM, x, U, bias, y, g.P, rows)
        return y
    rows = min(g.N * TH, max(1, SHARED // (36 * g.C * TW)))
    V = np.empty((36, rows * TW * g.C), np.float32)
    for first in range(0, g.N * TH, rows):
        last = min(first + rows, g.N * TH)
        threads.run(_transform_input, x, V, g.P, first, last, TH, TW)
        threads.run(_by_channels, SGEMM, V, w, bias, y, turned, first, last, rows * TW)
    return y


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gw."""
    gw = np.zeros((g.OC, g.C, 3, 3), np.float32)
    TH, TW = -(-g.OH // 4), -(-g.OW // 4)
    if _by_tiles(g):
        sums = np.zeros((threads.get_num_threads(), 36, g.OC, g.C), np.float32)
        rows = _rows(g, TILES // (36 * (g.C + g.OC)))
        threads.run(_gradient_by_rows, SGEMM, gy, x, sums, g.P, rows)
        threads.run(_finish, sums, gw)
        return gw
    rows = min(g.N * TH, max(1, SHARED // (36 * max(g.C, g.OC) * TW)))
    V = np.empty((36, rows * TW * g.C), np.float32)
    D = np.empty((36, rows * TW * g.OC), np.float32)
    for first in range(0, g.N * TH, rows):
        last = min(first + rows, g.N * TH)
        threads.run(_transform_input, x, V, g.P, first, last, TH, TW)
        threads.run(_transform_gradient, gy, D, first, last, TW)
        threads.run(_gradient_by_channels, SGEMM, D, V, gw, (last - first) * TW, rows * TW)
    return gw


def _by_tiles(g: Geometry) -> bool:
    tiles = g.N * -(-g.OH // 4) * -(-g.OW // 4)
    return g.C * g.OC <= BY_TILES and tiles >= 32 * threads.get_num_threads()


def _rows(g: Geometry, tiles: int) -> int:
    """Rows of tiles in a block: about so many tiles, 64 at least, and a block for each thread."""
    TH, TW = -(-g.OH // 4), -(-g.OW // 4)
    rows = max(tiles // TW, -(-64 // TW))
    return max(1, min(rows, -(-g.N * TH // threads.get_num_threads())))


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_kernels(w, turned, U, thread, threads):  # type: ignore[no-untyped-def]
    C, OC = U.shape[1:]
    scratch = np.empty((27, OC), np.float32)
    c0, c1 = C * thread // threads, C * (thread + 1) // threads
    kernel_tiles(w, turned, c0, c1, 0, OC, scratch, U[:, c0:c1])


@njit(cache=True, nogil=True, fastmath=FAST)
def _room(rows, channels):  # type: ignore[no-untyped-def]
    """Two buffers for a strip of tiles."""
    size = (rows, 4 * (STRIP + 1) * channels)
    return np.zeros(size, np.float32), np.empty(size, np.float32)


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_input(x, V, pads, first, last, TH, TW, thread, threads):  # type: ignore[no-untyped-def]
    C = x.shape[1]
    z, t = _room(6, C)
    r0 = first + (last - first) * thread // threads
    r1 = first + (last - first) * (thread + 1) // threads
    input_tiles(x, r0, r1, pads, TH, TW, z, t, V[:, (r0 - first) * TW * C :])


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_gradient(gy, D, first, last, TW, thread, threads):  # type: ignore[no-untyped-def]
    OC = gy.shape[1]
    z, s = _room(6, OC)
    r0 = first + (last - first) * thread // threads
    r1 = first + (last - first) * (thread + 1) // threads
    gradient_tiles(gy, r0, r1, TW, z, s, D[:, (r0 - first) * TW * OC :])


@njit(cache=True, nogil=True, fastmath=FAST)
def _by_rows(sgemm, x, U, bias, y, pads, rows, thread, threads):  # type: ignore[no-untyped-def]
    """All channels of every so many-th block of rows, from x to y."""
    N, C = x.shape[:2]
    OC, OH, OW = y.shape[1:]
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    V = np.empty((36, rows * TW * C), np.float32)
    M = np.empty((36, rows * TW * OC), np.float32)
    z, t = _room(6, max(C, OC))
    for first in range(thread * rows, N * TH, threads * rows):
        last = min(first + rows, N * TH)
        input_tiles(x, first, last, pads, TH, TW, z, t, V)
        for i in range(36):
            gemm(sgemm, (last - first) * TW, OC, C, V, i * rows * TW * C, C, False,
                 U, i * C * OC, OC, False, 0.0, M, i * rows * TW * OC, OC)  # fmt: skip
        output_tiles(M, y, 0, OC, bias, first, last, TW, z, t)


@njit(cache=True, nogil=True, fastmath=FAST)
def _by_channels(sgemm, V, w, bias, y, turned, first, last, width, thread, threads):  # type: ignore[no-untyped-def]
    """Some output channels of the rows whose tiles are V: kernels, products, y."""
    OC, OH, OW = y.shape[1:]
    C, TW = V.shape[1] // width, (OW + 3) // 4
    tiles = (last - first) * TW
    parts = -(-OC // CHANNELS)
    parts = -(-parts // threads) * threads
    most = -(-OC // parts)
    U = np.empty((36, C, most), np.float32)
    M = np.empty((36, tiles * most), np.float32)
    scratch = np.empty((27, most), np.float32)
    z, t = _room(6, most)
    for part in range(thread, parts, threads):
        k0, k1 = OC * part // parts, OC * (part + 1) // parts
        kernel_tiles(w, turned, 0, C, k0, k1, scratch, U)
        for i in range(36):
            gemm(sgemm, tiles, k1 - k0, C, V, i * width * C, C, False,
                 U, i * C * most, most, False, 0.0, M, i * tiles * most, k1 - k0)  # fmt: skip
        output_tiles(M, y, k0, k1, bias, first, last, TW, z, t)


@njit(cache=True, nogil=True, fastmath=FAST)
def _gradient_by_rows(sgemm, gy, x, sums, pads, rows, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum dU over every so many-th block of rows."""
    N, OC, OH, OW = gy.shape
    C = x.shape[1]
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    width = rows * TW
    V = np.empty((36, width * C), np.float32)
    D = np.empty((36, width * OC), np.float32)
    z, t = _room(6, max(C, OC))
    for first in range(thread * rows, N * TH, threads * rows):
        last = min(first + rows, N * TH)
        input_tiles(x, first, last, pads, TH, TW, z, t, V)
        gradient_tiles(gy, first, last, TW, z, t, D)
        for i in range(36):
            gemm(sgemm, OC, C, (last - first) * TW, D, i * width * OC, OC, True,
                 V, i * width * C, C, False, 1.0,
                 sums, (thread * 36 + i) * OC * C, C)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _gradient_by_channels(sgemm, D, V, gw, tiles, width, thread, threads):  # type: ignore[no-untyped-def]
    """What some tiles add to gw, for some output channels at a time."""
    OC, C = gw.shape[:2]
    parts = -(-OC // CHANNELS)
    parts = -(-parts // threads) * threads
    most = -(-OC // parts)
    dU = np.empty((36, most, C), np.float32)
    scratch = np.empty((21, C), np.float32)
    for part in range(thread, parts, threads):
        k0, k1 = OC * part // parts, OC * (part + 1) // parts
        for i in range(36):
            gemm(sgemm, k1 - k0, C, tiles, D, i * width * OC + k0, OC, True,
                 V, i * width * C, C, False, 0.0, dU, i * most * C, C)  # fmt: skip
        for k in range(k0, k1):
            kernel_gradient(dU[:, k - k0], scratch, gw[k])


@njit(cache=True, nogil=True, fastmath=FAST)
def _finish(sums, gw, thread, threads):  # type: ignore[no-untyped-def]
    """gw from the sums of all threads, which are added up in their order."""
    OC, C = gw.shape[:2]
    scratch = np.empty((21, C), np.float32)
    for k in range(OC * thread // threads, OC * (thread + 1) // threads):
        for other in range(1, sums.shape[0]):
            for i in range(36):
                for c in range(C):
                    sums[0, i, k, c] += sums[other, i, k, c]
        kernel_gradient(sums[0, :, k], scratch, gw[k])
