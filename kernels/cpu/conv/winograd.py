"""3 × 3 convolution by Winograd: fewer products, of tiles that were transformed.

    stride 1:   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        gw = Gᵀ [(A gy Aᵀ) ⊙ (Bᵀ d B)] G

for every tile d of 6 × 6 pixels, which gives 4 × 4 of y: 36 places in place of 144 products. Summed
over channels each place is a matrix product: M (tiles, OC) = V (tiles, C) Uᵀ (C, OC). gx is the
same convolution of gy with the kernels turned round. With stride 2 there are 81 places in place of
144 products, some of which share a kernel. The matrices, and the source, are in winograd_tiles.py
and strided_tiles.py. The transforms cost accuracy: float32 results are within 5e-5 of the exact
ones, relative to the largest.

Two ways to share the work:
- by tiles, where U fits into the cache: a thread takes some rows of tiles from x to y;
- by channels, where U is larger than the tiles: first all threads transform the tiles, each some
  rows; then each transforms the kernels of some output channels, which are used at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ... import threads
from ..blas import SGEMM, gemm
from ..shares import share
from . import strided_tiles as strided
from . import winograd_tiles as plain
from .geometry import Geometry
from .phases import FAST
from .winograd_kernels import kernel_gradient, kernel_tiles

BY_TILES = 160 * 160  # up to so many pairs of channels U is shared by all threads
STRIDED_BY_TILES = 400 * 400  # the same for stride 2, where products are fewer for each kernel
TILES = 1 << 18  # elements of V and M together that a thread holds, by tiles
SHARED = 1 << 22  # elements of V that are made at a time, by channels
CHANNELS = 48  # output channels whose kernels are transformed at a time, by channels
OPERATIONS = 200  # that the transform of a kernel takes

PLAIN, STRIDED, BACK = 0, 1, 2  # stride 1; stride 2; gx of stride 2
EACH = np.array([[place, 1] for place in range(36)])  # stride 1: every place has its own kernel
PLACES = np.array([36, strided.PLACES, strided.PLACES])
_STRIP = plain.STRIP + 1


class Tiling(NamedTuple):
    """How an array of images is cut: which transforms, padding in front, tiles along both axes,
    and the channels that go in and come out."""

    kind: int
    pads: tuple[int, int]
    TH: int
    TW: int
    N: int
    C: int
    OC: int

    @property
    def places(self) -> int:
        return int(PLACES[self.kind])

    @property
    def most(self) -> int:
        """How many threads it is worth."""
        T = self.N * self.TH * self.TW
        return threads.worth_products(2 * self.places * T * self.C * self.OC)

    @property
    def by_tiles(self) -> bool:
        enough = (32 if self.kind == PLAIN else 16) * threads.get_num_threads()
        most = BY_TILES if self.kind == PLAIN else STRIDED_BY_TILES
        pairs, tiles = self.C * self.OC, self.N * self.TH * self.TW
        return pairs <= most and tiles >= enough

    @property
    def blocks(self) -> int:
        """Into how many blocks the rows of tiles are cut, by tiles: as many for each thread. A
        block has some 64 tiles at least (32, which are 72 products of some kernels, with a
        stride)."""
        tiles = TILES // (self.places * (self.C + self.OC))
        least = 64 if self.kind == PLAIN else 32
        rows, count = max(tiles // self.TW, -(-least // self.TW)), threads.get_num_threads()
        return min(self.N * self.TH, count * -(-self.N * self.TH // (rows * count)))

    def shared_rows(self, channels: int) -> int:
        """Rows of tiles that are transformed at a time, by channels."""
        rows = SHARED // (self.places * channels * self.TW)
        return min(self.N * self.TH, max(1, rows))


def supports(g: Geometry) -> bool:
    """3 × 3, stride 1 or 2, at most 2 rows and columns of padding and the same on both sides.

    With stride 2 the products saved outweigh the transforms by tiles alone.
    """
    if g.K != (3, 3) or g.S not in ((1, 1), (2, 2)) or g.D != (1, 1) or g.G != 1:
        return False
    S = g.S[0]
    size = (g.H + 2 * g.P[0] - 3) // S + 1, (g.W + 2 * g.P[1] - 3) // S + 1
    fits = size == (g.OH, g.OW) and min(g.P) >= 0 and max(g.P) <= 2
    return fits and (S == 1 or _tiling(g).by_tiles)


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    """y."""
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(g.OC, np.float32) if b is None else b
    _convolve(x, w, bias, _tiling(g), False, y)
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """gx: the convolution of gy with the kernels turned round; what was padding is now what the
    kernels overlap less that."""
    gx = np.empty((g.N, g.C, g.H, g.W), np.float32)
    if g.S == (1, 1):
        kind, pads, step = PLAIN, (2 - g.P[0], 2 - g.P[1]), 4
    else:
        kind, pads, step = BACK, (g.P[0], g.P[1]), 8
    tiling = Tiling(kind, pads, -(-g.H // step), -(-g.W // step), g.N, g.OC, g.C)
    _convolve(gy, w, np.zeros(g.C, np.float32), tiling, True, gx)
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gw."""
    gw = np.empty((g.OC, g.C, 3, 3), np.float32)
    t = _tiling(g)
    if t.by_tiles:
        sums = np.empty((min(t.most, threads.get_num_threads()), 36, g.OC, g.C), np.float32)
        threads.run(_gradient_by_rows, SGEMM, t.kind, gy, x, sums, t.pads, t.blocks, most=t.most)
        threads.run(_finish, t.kind, sums, gw, most=t.most)
        return gw
    rows = t.shared_rows(max(g.C, g.OC))
    V = np.empty(t.places * rows * t.TW * g.C, np.float32)
    D = np.empty(t.places * rows * t.TW * g.OC, np.float32)
    for first in range(0, g.N * t.TH, rows):
        last = min(first + rows, g.N * t.TH)
        threads.run(_transform_input, t.kind, x, V, t.pads, first, last, t.TH, t.TW, most=t.most)
        threads.run(_transform_gradient, t.kind, gy, D, first, last, t.TW, most=t.most)
        threads.run(
            _gradient_by_channels, SGEMM, t.kind, D, V, first > 0, gw, (last - first) * t.TW,
            most=t.most,
        )  # fmt: skip
    return gw


def _tiling(g: Geometry) -> Tiling:
    kind = PLAIN if g.S == (1, 1) else STRIDED
    return Tiling(kind, (g.P[0], g.P[1]), -(-g.OH // 4), -(-g.OW // 4), g.N, g.C, g.OC)


def _convolve(
    x: np.ndarray, w: np.ndarray, bias: np.ndarray, t: Tiling, turned: bool, y: np.ndarray
) -> None:
    if t.by_tiles:
        U = np.empty((36, t.C, t.OC), np.float32)
        some = threads.worth(OPERATIONS * t.C * t.OC)
        threads.run(_transform_kernels, t.kind, w, turned, U, most=some)
        shape = t.pads, t.TH, t.TW, t.blocks
        threads.run(_by_rows, SGEMM, t.kind, x, U, bias, y, *shape, most=t.most)
        return
    rows = t.shared_rows(t.C)
    V = np.empty(t.places * rows * t.TW * t.C, np.float32)
    for first in range(0, t.N * t.TH, rows):
        last = min(first + rows, t.N * t.TH)
        threads.run(_transform_input, t.kind, x, V, t.pads, first, last, t.TH, t.TW, most=t.most)
        threads.run(
            _by_channels, SGEMM, t.kind, V, w, bias, y, t.pads, turned, first, last, t.TH, t.TW,
            most=t.most,
        )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _room(kind, channels):  # type: ignore[no-untyped-def]
    """Two buffers for a strip of tiles."""
    size = (6, 4 * _STRIP * channels) if kind == PLAIN else (9, 8 * _STRIP * channels)
    return np.zeros(size, np.float32), np.empty(size, np.float32)


@njit(cache=True, nogil=True, fastmath=FAST)
def _input(kind, x, first, last, pads, TH, TW, z, t, V):  # type: ignore[no-untyped-def]
    """The places of some rows of tiles of what is convolved."""
    if kind == PLAIN:
        plain.input_tiles(x, first, last, pads, TH, TW, z, t, V)
    elif kind == STRIDED:
        strided.input_tiles(x, first, last, pads, TH, TW, z, t, V)
    else:
        strided.back_tiles(x, first, last, pads, TH, TW, z, t, V)


@njit(cache=True, nogil=True, fastmath=FAST)
def _output(kind, M, y, k0, k1, bias, first, last, pads, TH, TW, z, t):  # type: ignore[no-untyped-def]
    """Some rows of tiles and channels of the result, from their places."""
    if kind == PLAIN:
        plain.output_tiles(M, y, k0, k1, bias, first, last, TW, z, t)
    elif kind == STRIDED:
        strided.output_tiles(M, y, k0, k1, bias, first, last, TW, z, t)
    else:
        strided.back_output(M, y, k0, k1, pads, first, last, TH, TW, z, t)


@njit(cache=True, nogil=True, fastmath=FAST)
def _gradient(kind, gy, first, last, TW, z, t, D):  # type: ignore[no-untyped-def]
    if kind == PLAIN:
        plain.gradient_tiles(gy, first, last, TW, z, t, D)
    else:
        strided.gradient_tiles(gy, first, last, TW, z, t, D)


@njit(cache=True, nogil=True, fastmath=FAST)
def _run_of(kind, i):  # type: ignore[no-untyped-def]
    """(first place, how many) of the i-th kernel."""
    run = EACH[i] if kind == PLAIN else strided.RUNS[i]
    return run[0], run[1]


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_kernels(kind, w, turned, U, thread, threads):  # type: ignore[no-untyped-def]
    C, OC = U.shape[1:]
    scratch = np.empty((27, OC), np.float32)
    c0, c1 = share(C, thread, threads)
    kernel_tiles(kind != PLAIN, w, turned, c0, c1, 0, OC, scratch, U[:, c0:c1])


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_input(kind, x, V, pads, first, last, TH, TW, thread, threads):  # type: ignore[no-untyped-def]
    C, tiles = x.shape[1], (last - first) * TW
    z, t = _room(kind, C)
    r0, r1 = share(last - first, thread, threads)
    places = V[: PLACES[kind] * tiles * C].reshape(PLACES[kind], tiles * C)
    _input(kind, x, first + r0, first + r1, pads, TH, TW, z, t, places[:, r0 * TW * C :])


@njit(cache=True, nogil=True, fastmath=FAST)
def _transform_gradient(kind, gy, D, first, last, TW, thread, threads):  # type: ignore[no-untyped-def]
    OC, tiles = gy.shape[1], (last - first) * TW
    z, t = _room(kind, OC)
    r0, r1 = share(last - first, thread, threads)
    places = D[: PLACES[kind] * tiles * OC].reshape(PLACES[kind], tiles * OC)
    _gradient(kind, gy, first + r0, first + r1, TW, z, t, places[:, r0 * TW * OC :])


@njit(cache=True, nogil=True, fastmath=FAST)
def _by_rows(sgemm, kind, x, U, bias, y, pads, TH, TW, blocks, thread, threads):  # type: ignore[no-untyped-def]
    """All channels of some blocks of rows, from x to y."""
    (C, OC), places, lines = U.shape[1:], PLACES[kind], x.shape[0] * TH
    rows = -(-lines // blocks)
    V = np.empty(places * rows * TW * C, np.float32)
    M = np.empty(places * rows * TW * OC, np.float32)
    z, t = _room(kind, max(C, OC))
    start, stop = share(blocks, thread, threads)
    for block in range(start, stop):
        first, last = lines * block // blocks, lines * (block + 1) // blocks
        T = (last - first) * TW
        _input(kind, x, first, last, pads, TH, TW, z, t, V[: places * T * C].reshape(places, T * C))
        for i in range(36):
            place, count = _run_of(kind, i)
            gemm(sgemm, count * T, OC, C, V, place * T * C, C, False,
                 U, i * C * OC, OC, False, 0.0, M, place * T * OC, OC)  # fmt: skip
        done = M[: places * T * OC].reshape(places, T * OC)
        _output(kind, done, y, 0, OC, bias, first, last, pads, TH, TW, z, t)


@njit(cache=True, nogil=True, fastmath=FAST)
def _by_channels(  # type: ignore[no-untyped-def]
    sgemm, kind, V, w, bias, y, pads, turned, first, last, TH, TW, thread, threads
):
    """Some output channels of the rows whose tiles are V: kernels, products, y."""
    OC, C = y.shape[1], w.shape[0] if turned else w.shape[1]
    T, places = (last - first) * TW, PLACES[kind]
    parts = -(-OC // CHANNELS)
    parts = -(-parts // threads) * threads
    most = -(-OC // parts)
    U = np.empty((36, C, most), np.float32)
    M = np.empty(places * T * most, np.float32)
    scratch = np.empty((27, most), np.float32)
    z, t = _room(kind, most)
    start, stop = share(parts, thread, threads)
    for part in range(start, stop):
        k0, k1 = OC * part // parts, OC * (part + 1) // parts
        some = k1 - k0
        kernel_tiles(kind != PLAIN, w, turned, 0, C, k0, k1, scratch, U)
        for i in range(36):
            place, count = _run_of(kind, i)
            gemm(sgemm, count * T, some, C, V, place * T * C, C, False,
                 U, i * C * most, most, False, 0.0, M, place * T * some, some)  # fmt: skip
        done = M[: places * T * some].reshape(places, T * some)
        _output(kind, done, y, k0, k1, bias, first, last, pads, TH, TW, z, t)


@njit(cache=True, nogil=True, fastmath=FAST)
def _gradient_by_rows(sgemm, kind, gy, x, sums, pads, blocks, thread, threads):  # type: ignore[no-untyped-def]
    """Each thread's own sum dU over some blocks of rows."""
    N, OC, OH, OW = gy.shape
    C, places = x.shape[1], PLACES[kind]
    TH, TW = (OH + 3) // 4, (OW + 3) // 4
    lines = N * TH
    rows = -(-lines // blocks)
    V = np.empty(places * rows * TW * C, np.float32)
    D = np.empty(places * rows * TW * OC, np.float32)
    z, t = _room(kind, max(C, OC))
    sums[thread] = 0
    start, stop = share(blocks, thread, threads)
    for block in range(start, stop):
        first, last = lines * block // blocks, lines * (block + 1) // blocks
        T = (last - first) * TW
        _input(kind, x, first, last, pads, TH, TW, z, t, V[: places * T * C].reshape(places, T * C))
        _gradient(kind, gy, first, last, TW, z, t, D[: places * T * OC].reshape(places, T * OC))
        for i in range(36):
            place, count = _run_of(kind, i)
            gemm(sgemm, OC, C, count * T, D, place * T * OC, OC, True,
                 V, place * T * C, C, False, 1.0,
                 sums, (thread * 36 + i) * OC * C, C)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _gradient_by_channels(sgemm, kind, D, V, add, gw, T, thread, threads):  # type: ignore[no-untyped-def]
    """What some tiles add to gw, for some output channels at a time."""
    OC, C = gw.shape[:2]
    parts = -(-OC // CHANNELS)
    parts = -(-parts // threads) * threads
    most = -(-OC // parts)
    dU = np.empty((36, most, C), np.float32)
    scratch = np.empty((21, C), np.float32)
    start, stop = share(parts, thread, threads)
    for part in range(start, stop):
        k0, k1 = OC * part // parts, OC * (part + 1) // parts
        for i in range(36):
            place, count = _run_of(kind, i)
            gemm(sgemm, k1 - k0, C, count * T, D, place * T * OC + k0, OC, True,
                 V, place * T * C, C, False, 0.0, dU, i * most * C, C)  # fmt: skip
        for k in range(k0, k1):
            kernel_gradient(kind != PLAIN, dU[:, k - k0], scratch, add, gw[k])


@njit(cache=True, nogil=True, fastmath=FAST)
def _finish(kind, sums, gw, thread, threads):  # type: ignore[no-untyped-def]
    """gw from the sums of all threads, which are added up in their order."""
    OC, C = gw.shape[:2]
    scratch = np.empty((21, C), np.float32)
    start, stop = share(OC, thread, threads)
    for k in range(start, stop):
        for other in range(1, sums.shape[0]):
            for i in range(36):
                for c in range(C):
                    sums[0, i, k, c] += sums[other, i, k, c]
        kernel_gradient(kind != PLAIN, sums[0, :, k], scratch, False, gw[k])
