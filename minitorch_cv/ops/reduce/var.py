"""var: the variance over some axes, y = Σ (x − x̄)² / (n − correction).

    gx = gy · 2 (x − x̄) / (n − correction)

correction 1 (the default) gives the unbiased estimate, 0 the biased one. With n ≤ correction the
result is NaN or infinite, as PyTorch has it. Shapes as for sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .axes import Axis, judge, resolve_axes, spread


class Saved(NamedTuple):
    x: Array
    axes: tuple[int, ...]
    divisor: int


check = judge("var")


def forward(
    x: Array, *, axis: Axis = None, correction: int = 1, keepdims: bool = False
) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("var", x.ndim, axis)
    n = math.prod(x.shape[k] for k in axes)
    divisor = max(n - correction, 0)
    mean = xp.sum(x, axis=axes, keepdims=True) / n if n else 0.0
    total = xp.sum((x - mean) ** 2, axis=axes, keepdims=keepdims)
    y = total / divisor if divisor else total * math.inf  # 0 · inf = NaN, as 0 / 0
    return like(y, x), Saved(x, axes, divisor)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, axes = saved.x, saved.axes
    xp = array_module(gy)
    n = math.prod(x.shape[k] for k in axes)
    mean = xp.sum(x, axis=axes, keepdims=True) / max(n, 1)
    scale = 2 / saved.divisor if saved.divisor else math.inf
    return (spread(gy, x.shape, axes) * like((x - mean) * scale, gy),)


def reference(
    x: np.ndarray, *, axis: Axis = None, correction: int = 1, keepdims: bool = False
) -> np.ndarray:
    axes = resolve_axes("var", x.ndim, axis)
    kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
    n = 1
    for k in axes:
        n *= x.shape[k]
    mean, y = np.zeros(kept, x.dtype), np.zeros(kept, x.dtype)
    for where in np.ndindex(x.shape):
        mean[tuple(0 if k in axes else i for k, i in enumerate(where))] += x[where] / n
    for where in np.ndindex(x.shape):
        place = tuple(0 if k in axes else i for k, i in enumerate(where))
        y[place] += (x[where] - mean[place]) ** 2 / (n - correction)
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 4)),), {}, "all axes")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1, "correction": 0}, "biased")
    yield Sample(
        (rng.normal(size=(2, 3, 4)),), {"axis": (0, 2), "keepdims": True}, "two axes, kept"
    )
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 0}, "not contiguous")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "n = correction: 0 / 0 = NaN")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": 5}, IndexError, "var: dim 5 does not exist")


OP = Op(
    "var", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
