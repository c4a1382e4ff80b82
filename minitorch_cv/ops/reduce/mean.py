"""mean: y = (1/n) Σ x over some axes, n elements each; gx = gy / n, repeated.

Shapes: x (…) → y with the axes removed, or of size 1 with keepdims. The mean of nothing is NaN.
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
from .sum import reduction_samples


class Saved(NamedTuple):
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    n: int  # how many elements make one mean


check = judge("mean")


def forward(x: Array, *, axis: Axis = None, keepdims: bool = False) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("mean", x.ndim, axis)
    n = math.prod(x.shape[k] for k in axes)
    total = xp.sum(x, axis=axes, keepdims=keepdims)
    y = total / n if n else total + math.nan
    return like(y, x), Saved(x.shape, axes, n)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    return (spread(like(gy / max(saved.n, 1), gy), saved.shape, saved.axes),)


def reference(x: np.ndarray, *, axis: Axis = None, keepdims: bool = False) -> np.ndarray:
    axes = resolve_axes("mean", x.ndim, axis)
    n = 1
    for k in axes:
        n *= x.shape[k]
    kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
    y = np.full(kept, 0 if n else np.nan, x.dtype)
    for where in np.ndindex(x.shape):
        y[tuple(0 if k in axes else i for k, i in enumerate(where))] += x[where] / n
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0}, "the mean of nothing is NaN")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": -3}, IndexError, "mean: dim -3 does not exist")


OP = Op(
    "mean", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
