"""max_pool in numba: row by row, each image row looked at once.

The winners of a row's windows come first, then of those the winners among the rows: the first of
equals in row-major order, or the last NaN, wins either way, and both steps run along whole rows,
which the compiler turns into vector instructions. Dilated windows are looked at element by element.
Images of one or two axes in float32. Values and indices equal the reference's bit for bit;
gradients that several windows send to one element are added up in the order of the windows.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from .winner import backward

__all__ = ["backward", "forward", "supports"]


def supports(x: np.ndarray, *, padding: Any = 0, dilation: Any = 1, **_: Any) -> bool:
    """False, too, where dilation carries a window past all pixels."""
    if x.dtype != np.float32 or not 3 <= x.ndim <= 4 or math.prod(x.shape[2:]) >= 2**31:
        return False
    if dilation == 1 or padding == 0:
        return True
    n = x.ndim - 2  # the first window begins at −p, or as many gaps later as bring it into x
    axes = zip(x.shape[2:], _axes(padding, n), _axes(dilation, n), strict=True)
    return all(-p % d < size for size, p, d in axes)


def forward(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[Any, ...]]:  # fmt: skip
    N, C, *rest = x.shape
    size = tuple(rest)
    n = len(size)
    view = [tuple(v) if isinstance(v, list) else v
            for v in (kernel_size, stride, padding, dilation)]  # fmt: skip
    counts, windows = _view(size, *view, ceil_mode)
    y = np.empty((N, C, *counts), np.float32)
    indices = np.empty(y.shape, np.int64)
    H, W, OH, OW = (1, *size, 1, *counts) if n == 1 else (*size, *counts)
    kernel, given = _kernel(windows, ceil_mode)
    run(
        kernel,
        np.ascontiguousarray(x).reshape(N * C, H, W),
        y.reshape(N * C, OH, OW),
        indices.reshape(N * C, OH, OW),
        *given,
        most=worth(20 * windows[0] * windows[1] * y.size),  # 2 ns an element in short rows
    )
    return (y, indices), (indices, size)


@lru_cache(maxsize=256)
def _view(
    size: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(how many windows along each axis, (KH, KW, SH, SW, PH, PW, DH, DW))."""
    n = len(size)
    kernel = _axes(kernel_size, n)
    steps = kernel if stride is None or stride == () else _axes(stride, n)
    pads, gaps = _axes(padding, n), _axes(dilation, n)
    axes = zip(size, kernel, steps, pads, gaps, strict=True)
    counts = tuple(_count(*axis, ceil) for axis in axes)
    if n == 1:  # a line is an image of one row
        kernel, steps, pads, gaps = (1, *kernel), (1, *steps), (0, *pads), (1, *gaps)
    return counts, (*kernel, *steps, *pads, *gaps)


def _axes(value: Any, n: int) -> tuple[int, ...]:
    """n numbers, one for each axis."""
    given = tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)
    return given if len(given) == n else given * n


def _count(size: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """How many windows fit; with `ceil` one may hang over the end, if it starts before it."""
    span = size + 2 * p - d * (k - 1) - 1
    if not ceil:
        return span // s + 1
    count = -(-span // s) + 1
    return count - 1 if (count - 1) * s >= size + p else count


def _kernel(windows: tuple[int, ...], ceil: bool) -> tuple[Any, tuple[int, ...]]:
    """The function for such windows, and what of them it wants to know."""
    if windows[6:] != (1, 1):
        return _choose_dilated, windows
    if windows[:6] == (2, 2, 2, 2, 0, 0) and not ceil:
        return _choose_quads, ()
    return _choose, windows[:6]


@njit(cache=True, nogil=True)
def _choose_quads(x, y, indices, thread, threads):  # type: ignore[no-untyped-def]
    """Windows of 2 × 2 side by side, none over the edge: both steps at once."""
    planes, _, W = x.shape
    _, OH, OW = y.shape
    row, one = np.int32(W), np.int32(1)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            up, down = x[n, 2 * p], x[n, 2 * p + 1]
            best, place = y[n, p], indices[n, p]
            start = np.int32(2 * p * W)
            for q in range(OW):
                u = np.uint64(q)  # signed, each access would ask if it counts from behind
                a, b = up[u + u], up[u + u + np.uint64(1)]
                c, d = down[u + u], down[u + u + np.uint64(1)]
                wins = (b > a) | (b != b)
                top, at = (b, one) if wins else (a, np.int32(0))
                wins = (c > top) | (c != c)
                top, at = (c, row) if wins else (top, at)
                wins = (d > top) | (d != d)
                best[q] = d if wins else top
                at = row + one if wins else at
                place[q] = np.int32(start + np.int32(q) * np.int32(2) + at)


@njit(cache=True, nogil=True)
def _choose(x, y, indices, KH, KW, SH, SW, PH, PW, thread, threads):  # type: ignore[no-untyped-def]
    """x (N·C, H, W) → y and indices (N·C, OH, OW)."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    tops = np.empty((KH, OW), np.float32)  # the winners of the last KH rows, row r in r mod KH
    columns = np.empty((KH, OW), np.int32)
    places = np.empty(OW, np.int32)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        known = 0
        for p in range(OH):
            first = max(p * SH - PH, 0)
            last = min(p * SH - PH + KH, H)
            for r in range(max(known, first), last):
                _row(x[n, r], tops[r % KH], columns[r % KH], KW, SW, PW)
            known = last
            best = y[n, p]
            best[:] = tops[first % KH]
            for q in range(OW):
                places[q] = columns[first % KH, q] + first * W
            for r in range(first + 1, last):
                _challenge(tops[r % KH], columns[r % KH], r * W, best, places)
            chosen = indices[n, p]
            for q in range(OW):
                chosen[q] = places[q]


@njit(cache=True, nogil=True)
def _challenge(values, columns, start, best, places):  # type: ignore[no-untyped-def]
    """A later row's winners take the windows where they are larger, or NaN."""
    start = np.int32(start)
    for q in range(best.size):
        value, old = values[q], best[q]
        wins = (value > old) | (value != value)
        best[q] = value if wins else old
        places[q] = columns[q] + start if wins else places[q]


@njit(cache=True, nogil=True)
def _row(x, best, columns, K, S, P):  # type: ignore[no-untyped-def]
    """The winner of each window of one row, and its column."""
    W, OW = x.size, best.size
    inner = min(-(-P // S), OW)  # the first window that begins inside
    end = max(min((W - K + P) // S + 1, OW), inner)  # the first one after it that does not end so
    for q in range(inner):
        _window(x, best, columns, q, q * S - P, K)
    for q in range(end, OW):
        _window(x, best, columns, q, q * S - P, K)
    if end == inner:
        return
    start = inner * S - P
    if K == 3 and S == 2:
        _triples(x[start:], best[inner:end], columns[inner:end], start)
    else:
        _any(x[start:], best[inner:end], columns[inner:end], start, K, S)


@njit(cache=True, nogil=True)
def _window(x, best, columns, q, start, K):  # type: ignore[no-untyped-def]
    """One window that may hang over the edge."""
    place = max(start, 0)
    top = x[place]
    for column in range(place + 1, min(start + K, x.size)):
        value = x[column]
        if value > top or value != value:  # the last NaN stays
            top, place = value, column
    best[q], columns[q] = top, place


@njit(cache=True, nogil=True)
def _triples(x, best, columns, start):  # type: ignore[no-untyped-def]
    """Windows of 3 at steps of 2."""
    start = np.int32(start)
    for q in range(best.size):
        u = np.uint64(q)
        a, b, c = x[u + u], x[u + u + np.uint64(1)], x[u + u + np.uint64(2)]
        wins = (b > a) | (b != b)
        top = b if wins else a
        place = np.int32(1) if wins else np.int32(0)
        wins = (c > top) | (c != c)
        best[q] = c if wins else top
        columns[q] = np.int32(start + np.int32(2) * np.int32(q)) + (np.int32(2) if wins else place)


@njit(cache=True, nogil=True)
def _any(x, best, columns, start, K, S):  # type: ignore[no-untyped-def]
    """Windows of K at steps of S: one tap of all windows after the other."""
    step = np.uint64(S)
    for q in range(best.size):
        best[q] = x[np.uint64(q) * step]
        columns[q] = start + q * S
    for j in range(1, K):
        _tap(x[j:], best, columns, start + j, S)


@njit(cache=True, nogil=True)
def _tap(x, best, columns, start, S):  # type: ignore[no-untyped-def]
    if S == 1:
        for q in range(best.size):
            value, old = x[q], best[q]
            wins = (value > old) | (value != value)
            best[q] = value if wins else old
            columns[q] = np.int32(start) + np.int32(q) if wins else columns[q]
        return
    step = np.uint64(S)
    for q in range(best.size):
        value, old = x[np.uint64(q) * step], best[q]
        wins = (value > old) | (value != value)
        best[q] = value if wins else old
        columns[q] = np.int32(start + q * S) if wins else columns[q]


@njit(cache=True, nogil=True)
def _choose_dilated(  # type: ignore[no-untyped-def]
    x, y, indices, KH, KW, SH, SW, PH, PW, DH, DW, thread, threads
):
    """As _choose, for windows with gaps: element by element."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            top = p * SH - PH
            bottom = min(top + (KH - 1) * DH + 1, H)
            if top < 0:
                top += -(top // DH) * DH  # the first row of the window that lies in the image
            for q in range(OW):
                left = q * SW - PW
                right = min(left + (KW - 1) * DW + 1, W)
                if left < 0:
                    left += -(left // DW) * DW
                y[n, p, q], indices[n, p, q] = winner(x[n], top, bottom, left, right, DH, DW)


@njit(cache=True, nogil=True)
def winner(x, top, bottom, left, right, DH, DW):  # type: ignore[no-untyped-def]
    """The largest value of a window of an image, and its flat place."""
    W = x.shape[1]
    best, place = x[top, left], top * W + left
    for row in range(top, bottom, DH):
        for column in range(left, right, DW):
            value = x[row, column]
            if value > best or value != value:  # the last NaN stays
                best, place = value, row * W + column
    return best, place
