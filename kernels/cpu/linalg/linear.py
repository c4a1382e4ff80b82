"""linear on float32 arrays: three products, shared by threads where the weights are cut.

    Y = X Wᵀ + b        gX = gY W        gW = gYᵀ X        X (R, IN), W (OUT, IN)

For many rows of X they are BLAS's. It packs W anew for each product, which for a few rows costs
more than they do: up to FEW rows, loops read W once from where it lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ... import threads
from ..blas import SGEMM, gemm

FEW = 8  # rows up to which reading W is most of the work
WIDE = 2048  # elements of a row that stay in the first-level cache, for FEW rows
FAST = {"contract", "nsz", "reassoc"}


def supports(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> bool:
    """float32, a weight of two axes, one number for each output as the bias, and no empty array."""
    if not x.dtype == w.dtype == np.float32 or w.ndim != 2 or x.size == 0 or w.size == 0:
        return False
    return b is None or (b.dtype == np.float32 and b.shape == w.shape[:1])


def forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None
) -> tuple[np.ndarray, tuple[Any, ...]]:
    (OUT, IN), R = w.shape, math.prod(x.shape[:-1])
    y = np.empty((R, OUT), np.float32)
    bias = np.zeros(OUT, np.float32) if b is None else np.ascontiguousarray(b)
    rows, weight = np.ascontiguousarray(x).reshape(R, IN), np.ascontiguousarray(w)
    if R <= FEW:
        threads.run(_few_forward, rows, weight, bias, y, most=_readers(w))
    else:
        threads.run(_forward, SGEMM, rows, weight, bias, y, most=_most(R, w))
    return y.reshape(*x.shape[:-1], OUT), (x, w, None if b is None else b.shape)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """The gradients; NotImplemented for what `supports` does not take."""
    x, w, bias_shape = saved
    usual = bias_shape is None or bias_shape == w.shape[:1]
    if not usual or not supports(x, w, None) or gy.dtype != np.float32:
        return NotImplemented
    (OUT, IN), R = w.shape, math.prod(x.shape[:-1])
    rows = np.ascontiguousarray(gy).reshape(R, OUT)
    gx = gw = gb = None
    if needs[0]:
        gx = np.empty((R, IN), np.float32)
        weight = np.ascontiguousarray(w)
        if R <= FEW:
            threads.run(_few_input_gradient, rows, weight, gx, most=_readers(w))
        else:
            threads.run(_input_gradient, SGEMM, rows, weight, gx, most=_most(R, w))
        gx = gx.reshape(x.shape)
    if needs[1]:
        gw = np.empty((OUT, IN), np.float32)
        seen = np.ascontiguousarray(x).reshape(R, IN)
        if R <= FEW:
            threads.run(_few_weight_gradient, rows, seen, gw, most=_readers(w))
        else:
            threads.run(_weight_gradient, SGEMM, rows, seen, gw, most=_most(R, w))
    if needs[2] and bias_shape is not None:
        gb = rows.sum(axis=0)
    return gx, gw, gb


def _most(R: int, w: np.ndarray) -> int:
    return threads.worth_products(2 * R * w.size)


def _readers(w: np.ndarray) -> int:
    return threads.worth(w.size)


@njit(cache=True, nogil=True, fastmath=FAST)
def _part(size, thread, threads):  # type: ignore[no-untyped-def]
    """Which elements are this thread's: whole vectors of 16."""
    blocks = (size + 15) // 16
    return 16 * (blocks * thread // threads), min(size, 16 * (blocks * (thread + 1) // threads))


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(sgemm, x, w, bias, y, thread, threads):  # type: ignore[no-untyped-def]
    """Some rows of Y where there are more of them than of W, else some columns."""
    (R, IN), OUT = x.shape, w.shape[0]
    r0, r1, o0, o1 = 0, R, 0, OUT
    if R > OUT:
        r0, r1 = _part(R, thread, threads)
    else:
        o0, o1 = _part(OUT, thread, threads)
    for r in range(r0, r1):
        y[r, o0:o1] = bias[o0:o1]
    if r1 > r0 and o1 > o0:
        gemm(sgemm, r1 - r0, o1 - o0, IN, x, r0 * IN, IN, False, w, o0 * IN, IN, True,
             1.0, y, r0 * OUT + o0, OUT)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _input_gradient(sgemm, gy, w, gx, thread, threads):  # type: ignore[no-untyped-def]
    """Some rows of gX where there are more of them than columns, else some columns."""
    (R, OUT), IN = gy.shape, w.shape[1]
    r0, r1, i0, i1 = 0, R, 0, IN
    if R > IN:
        r0, r1 = _part(R, thread, threads)
    else:
        i0, i1 = _part(IN, thread, threads)
    if r1 > r0 and i1 > i0:
        gemm(sgemm, r1 - r0, i1 - i0, OUT, gy, r0 * OUT, OUT, False, w, i0, IN, False,
             0.0, gx, r0 * IN + i0, IN)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(sgemm, gy, x, gw, thread, threads):  # type: ignore[no-untyped-def]
    """Some rows of gW where there are more of them than columns, else some columns."""
    (R, OUT), IN = gy.shape, x.shape[1]
    o0, o1, i0, i1 = 0, OUT, 0, IN
    if OUT > IN:
        o0, o1 = _part(OUT, thread, threads)
    else:
        i0, i1 = _part(IN, thread, threads)
    if o1 > o0 and i1 > i0:
        gemm(sgemm, o1 - o0, i1 - i0, R, gy, o0, OUT, True, x, i0, IN, False,
             0.0, gw, o0 * IN + i0, IN)  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def _few_forward(x, w, bias, y, thread, threads):  # type: ignore[no-untyped-def]
    """Y[:, o] for some o: two dot products for each row of W while it is in the cache."""
    (R, IN), OUT = x.shape, w.shape[0]
    for o in range(OUT * thread // threads, OUT * (thread + 1) // threads):
        row = w[o]
        for r in range(0, R - 1, 2):
            first, second = x[r], x[r + 1]
            a = b = np.float32(0)
            for i in range(IN):
                a += first[i] * row[i]
                b += second[i] * row[i]
            y[r, o], y[r + 1, o] = a + bias[o], b + bias[o]
        if R % 2:
            last, a = x[R - 1], np.float32(0)
            for i in range(IN):
                a += last[i] * row[i]
            y[R - 1, o] = a + bias[o]


@njit(cache=True, nogil=True, fastmath=FAST)
def _few_input_gradient(gy, w, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gX[:, i] for some i, which stay in the cache while the rows of W pass by, four at a time."""
    (R, OUT), IN = gy.shape, w.shape[1]
    start, end = _part(IN, thread, threads)
    for i0 in range(start, end, WIDE):
        i1 = min(i0 + WIDE, end)
        gx[:, i0:i1] = 0
        for o in range(0, OUT - 3, 4):
            a, b, c, d = w[o, i0:i1], w[o + 1, i0:i1], w[o + 2, i0:i1], w[o + 3, i0:i1]
            for r in range(R):
                p, q, s, t = gy[r, o], gy[r, o + 1], gy[r, o + 2], gy[r, o + 3]
                line = gx[r, i0:i1]
                for i in range(i1 - i0):
                    line[i] += p * a[i] + q * b[i] + s * c[i] + t * d[i]
        for o in range(OUT - OUT % 4, OUT):
            a = w[o, i0:i1]
            for r in range(R):
                p, line = gy[r, o], gx[r, i0:i1]
                for i in range(i1 - i0):
                    line[i] += p * a[i]


@njit(cache=True, nogil=True, fastmath=FAST)
def _few_weight_gradient(gy, x, gw, thread, threads):  # type: ignore[no-untyped-def]
    """gW[o] for some o, a piece at a time, to which four rows of X are added at once."""
    (R, OUT), IN = gy.shape, x.shape[1]
    for o in range(OUT * thread // threads, OUT * (thread + 1) // threads):
        for i0 in range(0, IN, WIDE):
            i1 = min(i0 + WIDE, IN)
            line = gw[o, i0:i1]
            line[:] = 0
            for r in range(0, R - 3, 4):
                p, q, s, t = gy[r, o], gy[r + 1, o], gy[r + 2, o], gy[r + 3, o]
                a, b, c, d = x[r, i0:i1], x[r + 1, i0:i1], x[r + 2, i0:i1], x[r + 3, i0:i1]
                for i in range(i1 - i0):
                    line[i] += p * a[i] + q * b[i] + s * c[i] + t * d[i]
            for r in range(R - R % 4, R):
                p, a = gy[r, o], x[r, i0:i1]
                for i in range(i1 - i0):
                    line[i] += p * a[i]
