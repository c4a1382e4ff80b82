"""cross_entropy on the GPU, for class labels: cross_entropy.cu, in float32.

The kernels do what touches every score; what touches every position only (which labels count, their
weights, the mean) is a few functions of the array namespace.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("loss/cross_entropy.cu")
MANY = 32  # classes from which on a warp to a position pays


def supports(x: Any, target: Any, weight: Any, **_: Any) -> bool:
    return (
        is_on_device(x, target, weight)
        and x.dtype == np.float32
        and x.size > 0
        and target.dtype.kind in "iu"
        and (weight is None or weight.dtype == np.float32)
    )


def forward(
    x: Any, target: Any, weight: Any, *, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    gpu = device_of(x)
    xp, axis = gpu.namespace, min(x.ndim - 1, 1)
    one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])  # (N, 1, …)
    labels = xp.ascontiguousarray(target.astype("int64"))
    losses = gpu.empty((*x.shape[:axis], *x.shape[axis + 1 :]), np.float32)
    smoothing = float(label_smoothing)
    _run(x, labels, weight, (losses,), (int(ignore_index), smoothing), backward=False)
    target_there = xp.reshape(labels, one)
    kept, K = target_there != ignore_index, x.shape[axis]
    is_class = kept & (target_there >= 0) & (target_there < K)
    number = xp.where(is_class, target_there, 0)
    classes = xp.reshape(xp.arange(K), tuple(K if k == axis else 1 for k in range(x.ndim)))
    scale, y = kept.astype("float32"), losses
    if reduction == "mean":
        divisor = xp.sum(scale if weight is None else xp.where(kept, weight[number], 0))
        scale = xp.where(kept, scale / divisor, 0)
        y = xp.sum(losses) / divisor
    elif reduction == "sum":
        y = xp.sum(losses)
    y = xp.asarray(y, dtype=x.dtype)
    return y, (x, target, weight, number, classes, scale, label_smoothing, reduction)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight, number = saved.x, saved.weight, saved.number
    if number is None or not supports(x, number, weight):
        return NotImplemented
    if not needs[0]:
        return None, None, None
    gpu = device_of(x)
    xp = gpu.namespace
    g = xp.reshape(gy, number.shape) if saved.reduction == "none" else gy
    g = xp.ascontiguousarray(xp.asarray(g * saved.scale, dtype=np.float32))
    gx = gpu.empty(x.shape, np.float32)
    labels = xp.ascontiguousarray(number)
    _run(x, labels, weight, (g, gx), (float(saved.label_smoothing),), backward=True)
    return gx, None, None


def _run(
    x: Any, labels: Any, weight: Any, others: tuple[Any, ...], numbers: tuple[Any, ...],
    *, backward: bool,
) -> None:  # fmt: skip
    """Launches the form that fits x."""
    xp = device_of(x).namespace
    P, K = (1, x.shape[0]) if x.ndim == 1 else x.shape[:2]
    R = math.prod(x.shape[2:])
    weights = None if weight is None else xp.ascontiguousarray(weight)
    by_rows = R == 1 and K >= MANY
    name = ("cross_entropy_rows" if by_rows else "cross_entropy_positions") + (
        "_backward" if backward else ""
    )
    sizes = (P, K) if by_rows else (P, K, R)
    blocks = blocks_for(P, THREADS // 32) if by_rows else blocks_for(P * R)
    given = (xp.ascontiguousarray(x), labels, weights, *others, *sizes, *numbers)
    launch(KERNELS, name, blocks, THREADS, given)
