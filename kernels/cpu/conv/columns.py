"""Convolution as matrix products on columns that never leave the cache.

    Y = W X + b        gX = Wᵀ gY,  gx = col2im(gX)        gW = gY Xᵀ        X = im2col(x)

X is made for some rows of the output and some channels at a time, multiplied while it is in the
second-level cache, and made anew for the next ones. A block of rows may reach over several images,
so that small images, too, give products with enough columns. How X is made in long runs:
phases.py. Source: Chellapilla et al. 2006; K.
Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, for the blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from ..blas import SGEMM, gemm
from ..shares import share
from .geometry import Geometry
from .phases import FAST, lay, room_for, start_of, take_back, width_of

CACHE = 192 * 1024  # elements of X that are held at a time: 768 KB
FORWARD = CACHE // 2  # the same forward, where M is read and written for each block of X
SMALL = 1_000_000  # OpenBLAS multiplies without packing up to so many products, which is faster
WIDE = 768  # columns of a product, if there are as many


def blocks(g: Geometry, cache: int = CACHE, small: int = 0) -> tuple[int, int]:
    """(rows of the output, channels) of one block of X, of few products where that pays."""
    width = g.OW + (g.K[1] - 1) * g.D[1] // g.S[1]
    wide = small // (g.OC // g.G * g.taps)
    wide = min(wide, WIDE) if wide >= 200 else WIDE
    shares = _shares(g.N * g.OH * width / wide, threads.worth_products(g.flops))
    rows = max(1, -(-g.N * g.OH // shares))
    channels = cache // (rows * width * g.K[0] * g.K[1])
    return rows, max(1, min(channels, g.C // g.G))


def _shares(wanted: float, count: int) -> int:
    """About so many as wanted, and equally many for each of `count` threads."""
    return count * max(1, round(wanted / count))


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    """y. Where there are few rows the threads share the output channels, too."""
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(g.OC, np.float32) if b is None else b
    rows, channels = blocks(g, FORWARD, SMALL)
    count = threads.worth_products(g.flops)
    parts = 1 if -(-g.N * g.OH // rows) * g.G >= count else min(count, g.OC // g.G)
    weights = w.reshape(g.OC, -1)
    threads.run(
        _forward, SGEMM, x, weights, bias, y, g.view, g.G, rows, channels, parts, most=count
    )  # fmt: skip
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    """gx = col2im(Wᵀ gY). Each thread has images or channels of its own."""
    gx = np.zeros((g.N, g.C, g.H, g.W), np.float32)
    CG, K = g.C // g.G, g.K[0] * g.K[1]
    count = threads.worth_products(g.flops)
    images = -(-g.N // _shares(g.N * g.OH * g.OW / WIDE, count))
    rows = images * g.OH if images > 1 else max(1, min(WIDE // g.OW, g.OH))
    channels = max(1, min(CACHE // (rows * g.OW * K), CG, -(-256 // K)))
    weights = w.reshape(g.OC, -1)
    threads.run(
        _input_gradient, SGEMM, gy, weights, gx, g.view, g.G, images, rows, channels, most=count
    )  # fmt: skip
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    """gW = gY Xᵀ. Each thread has channels of its own, or a sum of its own over some rows."""
    rows, channels = blocks(g)
    count, CG = threads.worth_products(g.flops), g.C // g.G
    sums = 1 if -(-CG // channels) * g.G % count == 0 else count
    gw = np.zeros((sums, g.OC, g.taps), np.float32)
    threads.run(
        _weight_gradient, SGEMM, gy, x, gw, g.view, g.G, rows, channels, most=count
    )  # fmt: skip
    return (gw[0] if sums == 1 else gw.sum(axis=0)).reshape(g.OC, CG, *g.K)


@njit(cache=True, nogil=True, fastmath=FAST)
def _unroll(x, first, last, c0, c1, view, OH, WQ, room, X):  # type: ignore[no-untyped-def]
    """X (channel and tap, column): rows first … last − 1 of the output, counted over all images,
    and channels c0 … c1 − 1."""
    KH, KW = view[0], view[1]
    for c in range(c0, c1):
        r = first
        while r < last:
            n = r // OH
            p0 = r - n * OH
            p1 = min(OH, p0 + last - r)
            rows = p1 - p0
            lay(x[n, c], p0, p1, view, WQ, room)
            for i in range(KH):
                for j in range(KW):
                    start = start_of(view, rows, WQ, i, j)
                    source = room[start : start + rows * WQ]
                    at = (r - first) * WQ
                    target = X[((c - c0) * KH + i) * KW + j, at : at + rows * WQ]
                    for q in range(rows * WQ):
                        target[q] = source[q]
            r += rows


@njit(cache=True, nogil=True, fastmath=FAST)
def _fold(X, first, last, c0, c1, view, OH, OW, WQ, room, gx):  # type: ignore[no-untyped-def]
    """The adjoint of `_unroll`, of X without filling: elements are added where they came from."""
    KH, KW = view[0], view[1]
    for c in range(c0, c1):
        r = first
        while r < last:
            n = r // OH
            p0 = r - n * OH
            p1 = min(OH, p0 + last - r)
            rows = p1 - p0
            room[:] = 0
            for i in range(KH):
                for j in range(KW):
                    start = start_of(view, rows, WQ, i, j)
                    target = room[start : start + rows * WQ].reshape(rows, WQ)
                    at = (r - first) * OW
                    line = X[((c - c0) * KH + i) * KW + j, at : at + rows * OW]
                    source = line.reshape(rows, OW)
                    for m in range(rows):
                        for q in range(OW):
                            target[m, q] += source[m, q]
            take_back(room, p0, p1, view, WQ, gx[n, c])
            r += rows


@njit(cache=True, nogil=True, fastmath=FAST)
def _store(M, first, last, o0, o1, WQ, bias, y):  # type: ignore[no-untyped-def]
    """y = M + b for some rows and output channels."""
    OH, OW = y.shape[2:]
    for o in range(o0, o1):
        r = first
        while r < last:
            n = r // OH
            p = r - n * OH
            rows = min(last - r, OH - p)
            at = (r - first) * WQ
            source = M[o - o0, at : at + rows * WQ].reshape(rows, WQ)
            target = y[n, o, p : p + rows]
            for m in range(rows):
                for q in range(OW):
                    target[m, q] = source[m, q] + bias[o]
            r += rows


@njit(cache=True, nogil=True, fastmath=FAST)
def _gather(y, first, last, o0, o1, WQ, M):  # type: ignore[no-untyped-def]
    """M (channel, column): some rows and channels of y side by side, zeros at their ends."""
    OH, OW = y.shape[2:]
    for o in range(o0, o1):
        r = first
        while r < last:
            n = r // OH
            p = r - n * OH
            rows = min(last - r, OH - p)
            at = (r - first) * WQ
            target = M[o - o0, at : at + rows * WQ].reshape(rows, WQ)
            source = y[n, o, p : p + rows]
            for m in range(rows):
                for q in range(OW):
                    target[m, q] = source[m, q]
                for q in range(OW, WQ):
                    target[m, q] = 0
            r += rows


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(  # type: ignore[no-untyped-def]
    sgemm, x, w, bias, y, view, groups, rows, channels, parts, thread, threads
):
    """A task is a block of rows, one group, and one of `parts` shares of its output channels."""
    N, C = x.shape[:2]
    OC, OH, OW = y.shape[1:]
    CG, OG, K, WQ = C // groups, OC // groups, view[0] * view[1], width_of(view, OW)
    X = np.empty((channels * K, rows * WQ), np.float32)
    M = np.empty((OG, rows * WQ), np.float32)
    room = room_for(view, min(rows, OH), OW)
    start, stop = share(-(-N * OH // rows) * groups * parts, thread, threads)
    for task in range(start, stop):
        block, rest = divmod(task, groups * parts)
        group, part = divmod(rest, parts)
        first, last = block * rows, min(block * rows + rows, N * OH)
        o0, o1 = OG * part // parts, OG * (part + 1) // parts
        for c0 in range(0, CG, channels):
            c1 = min(c0 + channels, CG)
            _unroll(x, first, last, group * CG + c0, group * CG + c1, view, OH, WQ, room, X)
            gemm(
                sgemm, o1 - o0, (last - first) * WQ, (c1 - c0) * K,
                w, (group * OG + o0) * CG * K + c0 * K, CG * K, False,
                X, 0, rows * WQ, False, 0.0 if c0 == 0 else 1.0, M, 0, rows * WQ,
            )  # fmt: skip
        _store(M, first, last, group * OG + o0, group * OG + o1, WQ, bias, y)


@njit(cache=True, nogil=True, fastmath=FAST)
def _input_gradient(  # type: ignore[no-untyped-def]
    sgemm, gy, w, gx, view, groups, images, rows, channels, thread, threads
):
    """A task is some images and channels: nobody else adds to these."""
    N, OC, OH, OW = gy.shape
    CG, OG, K = gx.shape[1] // groups, OC // groups, view[0] * view[1]
    WQ = width_of(view, OW)
    X = np.empty((channels * K, rows * OW), np.float32)
    M = np.empty((OG, rows * OW), np.float32)
    room = room_for(view, min(rows, OH), OW)
    chunks = -(-CG // channels)
    held = -1  # which rows and group M holds: several chunks of channels in turn need the same
    start, stop = share(-(-N // images) * groups * chunks, thread, threads)
    for task in range(start, stop):
        block, rest = divmod(task, groups * chunks)
        group, chunk = divmod(rest, chunks)
        c0, c1 = chunk * channels, min(chunk * channels + channels, CG)
        end = min(block * images + images, N) * OH
        for first in range(block * images * OH, end, rows):
            last = min(first + rows, end)
            if held != group * N * OH + first:
                held = group * N * OH + first
                _gather(gy, first, last, group * OG, group * OG + OG, OW, M)
            gemm(sgemm, (c1 - c0) * K, (last - first) * OW, OG,
                 w, group * OG * CG * K + c0 * K, CG * K, True,
                 M, 0, rows * OW, False, 0.0, X, 0, rows * OW)  # fmt: skip
            _fold(X, first, last, group * CG + c0, group * CG + c1, view, OH, OW, WQ, room, gx)


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(  # type: ignore[no-untyped-def]
    sgemm, gy, x, gw, view, groups, rows, channels, thread, threads
):
    """A task is some channels and, where there is more than one sum, a share of the blocks."""
    N, OC, OH, OW = gy.shape
    CG, OG, K = x.shape[1] // groups, OC // groups, view[0] * view[1]
    sums, WQ = gw.shape[0], width_of(view, OW)
    X = np.empty((channels * K, rows * WQ), np.float32)
    M = np.empty((OG, rows * WQ), np.float32)
    room = room_for(view, min(rows, OH), OW)
    chunks = -(-CG // channels)
    place = thread if sums > 1 else 0
    start, stop = share(-(-N * OH // rows), place, sums)
    held = -1  # which rows and group M holds
    mine = share(groups * chunks, thread, threads) if sums == 1 else (0, groups * chunks)
    for task in range(mine[0], mine[1]):
        group, chunk = divmod(task, chunks)
        c0, c1 = chunk * channels, min(chunk * channels + channels, CG)
        target = (place * OC + group * OG) * CG * K + c0 * K
        for block in range(start, stop):
            first, last = block * rows, min(block * rows + rows, N * OH)
            _unroll(x, first, last, group * CG + c0, group * CG + c1, view, OH, WQ, room, X)
            if held != group * N * OH + first:
                held = group * N * OH + first
                _gather(gy, first, last, group * OG, group * OG + OG, WQ, M)
            gemm(sgemm, OG, (c1 - c0) * K, (last - first) * WQ, M, 0, rows * WQ, False,
                 X, 0, rows * WQ, True, 1.0, gw, target, CG * K)  # fmt: skip
