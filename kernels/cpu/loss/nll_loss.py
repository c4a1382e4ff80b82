"""nll_loss in numba: one number is picked for each position, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from ..activation.lines import lined_up
from . import labels


def supports(x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, **_: Any) -> bool:
    return (
        x.dtype == np.float32
        and x.size > 0
        and (weight is None or weight.dtype == np.float32)
    )  # fmt: skip


def forward(
    x: np.ndarray, target: np.ndarray, weight: np.ndarray | None, *, ignore_index: int = -100,
    reduction: str = "mean",
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    view = lined_up(x, labels.class_axis(x))
    P, _, R = view.shape
    losses = np.empty(labels.positions(x), np.float32)
    scale, sums = np.empty((P, R), np.float32), np.zeros(3)
    flat = labels.flat_labels(x, target)
    _pick(view, flat, labels.weights_of(x, weight), ignore_index, losses.reshape(P, R), scale, sums)
    total, divisor, left_out = sums.tolist()
    kept = None if left_out == 0 else target != ignore_index
    number, classes = labels.number_and_classes(x, target, kept)
    if reduction == "mean":
        share = np.float32(labels.quotient(1.0, divisor))
        with np.errstate(invalid="ignore"):  # 0 · ∞ where nothing counts
            scale = scale * share
        scale = scale if kept is None else np.where(kept.reshape(P, R), scale, np.float32(0))
    fields = (number, classes, scale.reshape(number.shape), x.shape, reduction)
    return labels.reduced(losses, total, divisor, reduction), fields


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    if not needs[0]:
        return None, None, None
    shape = saved.shape
    if math.prod(shape) == 0:
        return NotImplemented
    P = 1 if len(shape) == 1 else shape[0]
    K, R = shape[0 if len(shape) == 1 else 1], math.prod(shape[2:])
    gx = np.empty(shape, np.float32)
    g = labels.upstream(gy, saved.scale).reshape(P, R)
    number = np.ascontiguousarray(saved.number).reshape(P, R)
    run(_put, g, number, gx.reshape(P, K, R), most=worth(gx.size))
    return gx, None, None


@njit(cache=True, nogil=True)
def _pick(  # type: ignore[no-untyped-def]
    x, target, weights, ignore_index, losses, scale, sums
):
    """x (P, K, R), all else (P, R) → losses and weights, and in sums Σ ℓ, Σ w_t, the ignored."""
    P, _, R = x.shape
    for p in range(P):
        for i in range(R):
            t = target[p, i]
            if t == ignore_index:
                losses[p, i] = scale[p, i] = 0
                sums[2] += 1
                continue
            scale[p, i] = weights[t]
            losses[p, i] = -weights[t] * x[p, t, i]
            sums[0] += losses[p, i]
            sums[1] += weights[t]


@njit(cache=True, nogil=True)
def _put(g, number, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx (P, K, R): −g at each position's label, else 0."""
    P, K, R = gx.shape
    for p in range(P * thread // threads, P * (thread + 1) // threads):
        gx[p] = 0
        for i in range(R):
            gx[p, number[p, i], i] = -g[p, i]
