"""cross_entropy on the GPU, for class labels: cross_entropy.cu, in float32.

Two launches forward, one where the losses are not added up, and one backward: the kernels find out
for themselves which labels count, and what the mean divides by stays on the device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, blocks_for, contiguous, device_of, is_on_device, launch
from .labels import ENOUGH, KERNELS, pointers, readable

MANY = 32  # classes from which on a warp to a position pays


def supports(x: Any, target: Any, weight: Any, **_: Any) -> bool:
    return (
        is_on_device(x, weight)
        and x.dtype == np.float32
        and x.size > 0
        and readable(target)
        and (weight is None or weight.dtype == np.float32)
    )


def forward(
    x: Any, target: Any, weight: Any, *, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    gpu, axis = device_of(x), min(x.ndim - 1, 1)
    name, blocks, sizes = _form(x)
    losses = sums = scale = None
    if reduction == "none":
        y = losses = gpu.empty((*x.shape[:axis], *x.shape[axis + 1 :]), np.float32)
    else:
        sums = gpu.empty((2, blocks), np.float64)
    scores, weights = contiguous(x, weight)
    given = (scores, *pointers(target), weights, losses, sums)
    numbers = (*sizes, blocks, int(ignore_index), float(label_smoothing))
    launch(KERNELS, name, blocks, THREADS, (*given, *numbers))
    if reduction != "none":
        y = gpu.empty((), np.float32)
        scale = gpu.empty((), np.float32) if reduction == "mean" else None
        launch(KERNELS, "cross_entropy_total", 1, THREADS, (sums, y, scale, blocks))
    return y, (x, target, weight, scale, ignore_index, label_smoothing, reduction)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, target, weight = saved.x, saved.target, saved.weight
    if not supports(x, target, weight):
        return NotImplemented
    if not needs[0]:
        return None, None, None
    name, blocks, sizes = _form(x)
    gx = device_of(x).empty(x.shape, np.float32)
    scores, weights, g = contiguous(x, weight, gy)
    given = (scores, *pointers(target), weights, g, saved.scale, gx)
    numbers = (*sizes, gy.size, int(saved.ignore_index), float(saved.label_smoothing))
    launch(KERNELS, f"{name}_backward", blocks, THREADS, (*given, *numbers))
    return gx, None, None


def _form(x: Any) -> tuple[str, int, tuple[int, ...]]:
    """The kernel that fits x, its number of blocks, and the sizes that it is told."""
    P, K = (1, x.shape[0]) if x.ndim == 1 else x.shape[:2]
    R = math.prod(x.shape[2:])
    if R == 1 and K >= MANY:
        return "cross_entropy_rows", min(blocks_for(P, THREADS // 32), ENOUGH), (P, K)
    return "cross_entropy_positions", min(blocks_for(P * R), ENOUGH), (P, K, R)
