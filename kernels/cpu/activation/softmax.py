"""softmax and log_softmax in numba, forward and backward, along any axis, in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from .lines import (
    BLOCK,
    FLAGS,
    SHORT,
    SUMS,
    add_exp,
    exp_all,
    fill_exp,
    keep_exp,
    lined_up,
    log,
    shift_rows,
    sum_exp,
    sum_of,
    top_of,
    tops_of,
)

_WORK = 20  # what an exponential and all around it cost, in multiplications


def _supports(x: np.ndarray, **_: Any) -> bool:
    return x.dtype == np.float32 and x.size > 0


def _forward(rows: Any, positions: Any) -> Callable[..., Any]:
    """forward of one of the two ops. rows, positions: its loops where R = 1, and where R > 1."""

    def forward(x: np.ndarray, *, axis: int) -> tuple[np.ndarray, tuple[Any, ...]]:
        y = np.empty(x.shape, np.float32)
        view = lined_up(x, axis)
        P, K, R = view.shape
        most = worth(_WORK * x.size)
        if R == 1:
            run(rows, view.reshape(P, K), y.reshape(P, K), most=most)
        else:
            run(positions, view, y.reshape(P, K, R), most=most)
        return y, (y, (axis % x.ndim,) if x.ndim else ())

    return forward


def _backward(rows: Any, positions: Any) -> Callable[..., Any]:
    def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
        y = saved.y
        if not needs[0]:
            return (None,)
        if gy.size == 0:
            return NotImplemented
        axis = saved.axes[0] if saved.axes else 0
        gx = np.empty(gy.shape, np.float32)
        g, view = lined_up(gy, axis), lined_up(y, axis)
        P, K, R = view.shape
        most = worth(_WORK * gy.size)
        if R == 1:
            run(rows, g.reshape(P, K), view.reshape(P, K), gx.reshape(P, K), most=most)
        else:
            run(positions, g, view, gx.reshape(P, K, R), most=most)
        return (gx,)

    return backward


@njit(cache=True, **FLAGS)
def _softmax_rows(x, y, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (N, K)."""
    N, K = x.shape
    start, end = N * thread // threads, N * (thread + 1) // threads
    if K >= SHORT:
        for n in range(start, end):
            row = y[n]
            share = np.float32(1) / fill_exp(x[n], top_of(x[n]), row)
            for k in range(K):
                row[k] *= share
        return
    step = BLOCK // K
    d = np.empty((step, K), np.float32)
    for first in range(start, end, step):
        last = min(first + step, end)
        count = (last - first) * K
        shift_rows(x[first:last], d)
        exp_all(d.reshape(step * K)[:count], y[first:last].reshape(count))
        for n in range(first, last):
            row = y[n]
            share = np.float32(1) / sum_of(row)
            for k in range(K):
                row[k] *= share


@njit(cache=True, **FLAGS)
def _log_softmax_rows(x, y, thread, threads):  # type: ignore[no-untyped-def]
    N, K = x.shape
    start, end = N * thread // threads, N * (thread + 1) // threads
    if K >= SHORT:
        for n in range(start, end):
            row, out, top = x[n], y[n], top_of(x[n])
            total = log(sum_exp(row, top))
            for k in range(K):
                out[k] = (row[k] - top) - total
        return
    step = BLOCK // K
    e = np.empty((step, K), np.float32)
    for first in range(start, end, step):
        last = min(first + step, end)
        count = (last - first) * K
        shift_rows(x[first:last], y[first:last])
        exp_all(y[first:last].reshape(count), e.reshape(step * K)[:count])
        for n in range(first, last):
            row, total = y[n], log(sum_of(e[n - first]))
            for k in range(K):
                row[k] -= total


@njit(cache=True, **FLAGS)
def _softmax_positions(x, y, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (P, K, R)."""
    P, K, R = x.shape
    blocks = (R + BLOCK - 1) // BLOCK
    tops, totals = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        tops_of(x[p], first, last, tops)
        totals[:] = 0
        for k in range(K):
            keep_exp(x[p, k, first:last], tops, totals, y[p, k, first:last])
        for i in range(BLOCK):
            totals[i] = np.float32(1) / totals[i]
        for k in range(K):
            row = y[p, k, first:last]
            for i in range(row.size):
                row[i] *= totals[i]


@njit(cache=True, **FLAGS)
def _log_softmax_positions(x, y, thread, threads):  # type: ignore[no-untyped-def]
    P, K, R = x.shape
    blocks = (R + BLOCK - 1) // BLOCK
    tops, totals = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        tops_of(x[p], first, last, tops)
        totals[:] = 0
        for k in range(K):
            add_exp(x[p, k, first:last], tops, totals)
        for i in range(last - first):
            totals[i] = log(totals[i])
        for k in range(K):
            row, out = x[p, k, first:last], y[p, k, first:last]
            for i in range(row.size):
                out[i] = (row[i] - tops[i]) - totals[i]


@njit(cache=True, **SUMS)
def _softmax_rows_back(gy, y, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx = y (gy − Σ gy y), all (N, K)."""
    N, K = y.shape
    for n in range(N * thread // threads, N * (thread + 1) // threads):
        g, row, out = gy[n], y[n], gx[n]
        total = np.float32(0)
        for k in range(K):
            total += g[k] * row[k]
        for k in range(K):
            out[k] = row[k] * (g[k] - total)


@njit(cache=True, **FLAGS)
def _log_softmax_rows_back(gy, y, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx = gy − eʸ Σ gy, all (N, K)."""
    N, K = y.shape
    step = max(BLOCK // K, 1)
    end = N * (thread + 1) // threads
    for first in range(N * thread // threads, end, step):
        last = min(first + step, end)
        count = (last - first) * K
        exp_all(y[first:last].reshape(count), gx[first:last].reshape(count))
        for n in range(first, last):
            g, out, total = gy[n], gx[n], sum_of(gy[n])
            for k in range(K):
                out[k] = g[k] - out[k] * total


@njit(cache=True, **FLAGS)
def _softmax_positions_back(gy, y, gx, thread, threads):  # type: ignore[no-untyped-def]
    """As above, all (P, K, R)."""
    P, K, R = y.shape
    blocks = (R + BLOCK - 1) // BLOCK
    totals = np.empty(BLOCK, np.float32)
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        totals[:] = 0
        for k in range(K):
            g, row = gy[p, k, first:last], y[p, k, first:last]
            for i in range(row.size):
                totals[i] += g[i] * row[i]
        for k in range(K):
            g, row, out = gy[p, k, first:last], y[p, k, first:last], gx[p, k, first:last]
            for i in range(row.size):
                out[i] = row[i] * (g[i] - totals[i])


@njit(cache=True, **FLAGS)
def _log_softmax_positions_back(gy, y, gx, thread, threads):  # type: ignore[no-untyped-def]
    P, K, R = y.shape
    blocks = (R + BLOCK - 1) // BLOCK
    totals = np.empty(BLOCK, np.float32)
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        totals[:] = 0
        for k in range(K):
            g = gy[p, k, first:last]
            for i in range(g.size):
                totals[i] += g[i]
        for k in range(K):
            g, out = gy[p, k, first:last], gx[p, k, first:last]
            exp_all(y[p, k, first:last], out)
            for i in range(g.size):
                out[i] = g[i] - out[i] * totals[i]


SOFTMAX = SimpleNamespace(
    supports=_supports,
    forward=_forward(_softmax_rows, _softmax_positions),
    backward=_backward(_softmax_rows_back, _softmax_positions_back),
)
LOG_SOFTMAX = SimpleNamespace(
    supports=_supports,
    forward=_forward(_log_softmax_rows, _log_softmax_positions),
    backward=_backward(_log_softmax_rows_back, _log_softmax_positions_back),
)
