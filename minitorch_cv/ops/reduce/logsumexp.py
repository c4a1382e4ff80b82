"""logsumexp: a smooth maximum, y = log Σ eˣ over some axes, without overflow.

    y = m + log Σ e^(x − m),   m = max x          gx = gy e^(x − y)

Where all x are −inf, y is −inf and the gradient NaN; +inf gives +inf, and NaN at its place.
Shapes as for sum. Verified by the op checks against loops.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float
from .axes import Axis, resolve_axes, spread


class Saved(NamedTuple):
    x: Array
    y: Array
    axes: tuple[int, ...]


def check(x: Array, *, axis: Axis = None, keepdims: bool = False) -> None:
    check_float("logsumexp", "x", x)
    resolve_axes("logsumexp", x.ndim, axis)


def forward(x: Array, *, axis: Axis = None, keepdims: bool = False) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("logsumexp", x.ndim, axis)
    if x.size == 0:
        y = xp.log(xp.sum(x, axis=axes, keepdims=keepdims))  # log 0 = −inf
        return like(y, x), Saved(x, y, axes)
    top = xp.amax(x, axis=axes, keepdims=True)
    top = xp.where(xp.abs(top) == np.inf, 0, top)  # inf − inf would be NaN
    y = xp.log(xp.sum(xp.exp(x - top), axis=axes, keepdims=True)) + top
    kept = y.shape if keepdims else [s for k, s in enumerate(x.shape) if k not in axes]
    y = like(xp.reshape(y, tuple(kept)), x)
    return y, Saved(x, y, axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, y, axes = saved
    xp = array_module(gy)
    share = xp.exp(x - spread(y, x.shape, axes))
    return (like(spread(gy, x.shape, axes) * share, gy),)


def reference(x: np.ndarray, *, axis: Axis = None, keepdims: bool = False) -> np.ndarray:
    axes = resolve_axes("logsumexp", x.ndim, axis)
    kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
    total = np.zeros(kept, x.dtype)
    for where in np.ndindex(x.shape):
        value = cmath.exp(x[where])
        place = tuple(0 if k in axes else i for k, i in enumerate(where))
        total[place] += value if np.iscomplexobj(x) else value.real
    for place in np.ndindex(total.shape):
        value = cmath.log(total[place]) if total[place] != 0 else complex(-np.inf)
        total[place] = value if np.iscomplexobj(x) else value.real
    return total if keepdims else total.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 4)),), {}, "all axes")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": (0, 2), "keepdims": True}, "two axes")
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 1}, "not contiguous")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "size 1")
    yield Sample((rng.normal(size=()),), {}, "0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0, "keepdims": True}, "of nothing: −inf")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": 5}, IndexError, "logsumexp: dim 5 does not exist")
    yield ErrorSample((np.arange(3),), {}, TypeError, "logsumexp: x is a float tensor")


OP = Op(
    "logsumexp", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
