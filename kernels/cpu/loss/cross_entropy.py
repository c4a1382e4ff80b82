"""cross_entropy in numba, for class labels: no logarithm of a probability is ever stored.

Forward reads the scores once and keeps a sum of exponentials for each position; backward reads them
again. float32; targets that hold probabilities are left to the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from ..activation.lines import (
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
from . import labels

_WORK = 20  # what an exponential and all around it cost, in multiplications
_F = np.float32


def supports(x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, **_: Any) -> bool:
    return (
        x.dtype == np.float32
        and x.size > 0
        and target.dtype.kind in "iu"
        and (weight is None or weight.dtype == np.float32)
    )


def forward(
    x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, *, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    view = lined_up(x, labels.class_axis(x))
    P, K, R = view.shape
    flat, weights = labels.flat_labels(x, target), labels.weights_of(x, weight)
    losses = np.empty(labels.positions(x), np.float32)
    most = worth(_WORK * x.size)
    sums = np.zeros((most, 2))
    given = (weights, ignore_index, float(label_smoothing), sums)
    if R == 1:
        run(_rows, view.reshape(P, K), flat.reshape(P), losses.reshape(P), *given, most=most)
    else:
        run(_positions, view, flat, losses.reshape(P, R), *given, most=most)
    total, divisor = sums.sum(axis=0).tolist()
    y = labels.reduced(losses, total, divisor, reduction)
    scale = np.float32(labels.quotient(1.0, divisor)) if reduction == "mean" else None
    return y, (x, target, weight, scale, ignore_index, label_smoothing, reduction)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, target, weight = saved.x, saved.target, saved.weight
    if not supports(x, target, weight):
        return NotImplemented
    if not needs[0]:
        return None, None, None
    view = lined_up(x, labels.class_axis(x))
    P, K, R = view.shape
    gx = np.empty(x.shape, np.float32)
    scale: Any = 1.0 if saved.scale is None else float(saved.scale)
    kept = target != saved.ignore_index
    if not kept.all():
        target = np.where(kept, target, 0)  # a class that is there, for a gradient of 0
        scale = np.where(kept, np.float32(scale), np.float32(0))
    g = labels.upstream(gy, scale)
    flat, weights = labels.flat_labels(x, target), labels.weights_of(x, weight)
    given = (g, weights, float(saved.label_smoothing))
    most = worth(_WORK * x.size)
    if R == 1:
        run(_rows_back, view.reshape(P, K), flat.reshape(P), gx.reshape(P, K), *given, most=most)
    else:
        run(_positions_back, view, flat, gx.reshape(P, K, R), *given, most=most)
    return gx, None, None


@njit(cache=True, **SUMS)
def _weighted(row, top, logarithm, weights):  # type: ignore[no-untyped-def]
    """Σ_k w_k log p_k"""
    total = _F(0)
    for k in range(row.size):
        total += weights[k] * ((row[k] - top) - logarithm)
    return total


@njit(cache=True, **FLAGS)
def _loss(picked, w, smoothing, spread, K):  # type: ignore[no-untyped-def]
    """ℓ of one position. picked: log p_t; w: w_t; spread: Σ_k w_k log p_k."""
    loss = -w * picked
    if smoothing == _F(0):
        return loss
    return (_F(1) - smoothing) * loss - smoothing * spread / _F(K)


@njit(cache=True, **FLAGS)
def _rows(  # type: ignore[no-untyped-def]
    x, target, losses, weights, ignore_index, label_smoothing, sums, thread, threads
):
    """x (N, K), target, losses (N,), sums (threads, 2): Σ ℓ and Σ w_t."""
    N, K = x.shape
    smoothing = _F(label_smoothing)
    start, end = N * thread // threads, N * (thread + 1) // threads
    step = max(BLOCK // K, 1) if K < SHORT else 1
    d, e = np.empty((step, K), np.float32), np.empty((step, K), np.float32)
    for first in range(start, end, step):
        last = min(first + step, end)
        if K < SHORT:
            shift_rows(x[first:last], d)
            count = (last - first) * K
            exp_all(d.reshape(step * K)[:count], e.reshape(step * K)[:count])
        for n in range(first, last):
            t, row = target[n], x[n]
            if t == ignore_index:
                losses[n] = 0
                continue
            top = top_of(row)
            total = sum_of(e[n - first]) if K < SHORT else sum_exp(row, top)
            total, spread = log(total), _F(0)
            if smoothing != _F(0):
                spread = _weighted(row, top, total, weights)
            losses[n] = _loss((row[t] - top) - total, weights[t], smoothing, spread, K)
            sums[thread, 0] += losses[n]
            sums[thread, 1] += weights[t]


@njit(cache=True, **FLAGS)
def _positions(  # type: ignore[no-untyped-def]
    x, target, losses, weights, ignore_index, label_smoothing, sums, thread, threads
):
    """As _rows, for x (P, K, R), target, losses (P, R)."""
    P, K, R = x.shape
    smoothing = _F(label_smoothing)
    blocks = (R + BLOCK - 1) // BLOCK
    tops, totals = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    spreads = np.zeros(BLOCK, np.float32)
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        tops_of(x[p], first, last, tops)
        totals[:] = 0
        for k in range(K):
            add_exp(x[p, k, first:last], tops, totals)
        for i in range(last - first):
            totals[i] = log(totals[i])
        if smoothing != _F(0):
            _add_weighted(x[p], first, last, tops, totals, weights, spreads)
        for i in range(last - first):
            t = target[p, first + i]
            if t == ignore_index:
                losses[p, first + i] = 0
                continue
            picked = (x[p, t, first + i] - tops[i]) - totals[i]
            loss = _loss(picked, weights[t], smoothing, spreads[i], K)
            losses[p, first + i] = loss
            sums[thread, 0] += loss
            sums[thread, 1] += weights[t]


@njit(cache=True, **FLAGS)
def _add_weighted(  # type: ignore[no-untyped-def]
    x, first, last, tops, logarithms, weights, spreads
):
    """spreads: Σ_k w_k log p_k at each of the positions."""
    spreads[:] = 0
    for k in range(x.shape[0]):
        row, w = x[k, first:last], weights[k]
        for i in range(row.size):
            spreads[i] += w * ((row[i] - tops[i]) - logarithms[i])


@njit(cache=True, **FLAGS)
def _rows_back(  # type: ignore[no-untyped-def]
    x, target, gx, g, weights, label_smoothing, thread, threads
):
    """gx (N, K) of g (N,), or (1,) where all are the same."""
    N, K = x.shape
    smoothing, rest = _F(label_smoothing), _F(1 - label_smoothing)
    even = smoothing / _F(K)
    W = sum_of(weights) * even
    start, end = N * thread // threads, N * (thread + 1) // threads
    step = max(BLOCK // K, 1) if K < SHORT else 1
    d = np.empty((step, K), np.float32)
    for first in range(start, end, step):
        last = min(first + step, end)
        if K < SHORT:
            shift_rows(x[first:last], d)
            count = (last - first) * K
            exp_all(d.reshape(step * K)[:count], gx[first:last].reshape(count))
        for n in range(first, last):
            t, row = target[n], gx[n]
            total = sum_of(row) if K < SHORT else fill_exp(x[n], top_of(x[n]), row)
            here = g[n] if g.size > 1 else g[0]
            factor = here * (rest * weights[t] + W) / total
            for k in range(K):
                row[k] *= factor
            if smoothing != _F(0):
                _subtract(row, weights, here * even)
            row[t] -= here * rest * weights[t]


@njit(cache=True, **FLAGS)
def _subtract(row, weights, factor):  # type: ignore[no-untyped-def]
    for k in range(row.size):
        row[k] -= factor * weights[k]


@njit(cache=True, **FLAGS)
def _positions_back(  # type: ignore[no-untyped-def]
    x, target, gx, g, weights, label_smoothing, thread, threads
):
    """As _rows_back, for x, gx (P, K, R), target (P, R) and g (P · R,) or (1,)."""
    P, K, R = x.shape
    smoothing, rest = _F(label_smoothing), _F(1 - label_smoothing)
    even = smoothing / _F(K)
    W = sum_of(weights) * even
    blocks = (R + BLOCK - 1) // BLOCK
    tops, totals = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    here = np.full(BLOCK, g[0])
    for task in range(P * blocks * thread // threads, P * blocks * (thread + 1) // threads):
        p, first = task // blocks, task % blocks * BLOCK
        last = min(first + BLOCK, R)
        tops_of(x[p], first, last, tops)
        totals[:] = 0
        for k in range(K):
            keep_exp(x[p, k, first:last], tops, totals, gx[p, k, first:last])
        for i in range(last - first):
            if g.size > 1:
                here[i] = g[p * R + first + i]
            w = weights[target[p, first + i]]
            totals[i] = here[i] * (rest * w + W) / totals[i]
        for k in range(K):
            row, off = gx[p, k, first:last], even * weights[k]
            for i in range(row.size):
                row[i] = row[i] * totals[i] - here[i] * off
        for i in range(last - first):
            t = target[p, first + i]
            gx[p, t, first + i] -= here[i] * rest * weights[t]
