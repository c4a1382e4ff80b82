"""prod: the product over one axis or over all, y = Π x.

    gx_i = gy · Π_{j≠i} x_j

computed from products of the elements before and after i, so that zeros need no special case.
Shapes as for sum, with at most one axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .axes import judge, resolve_axes


class Saved(NamedTuple):
    x: Array
    axis: int | None


check = judge("prod")


def forward(x: Array, *, axis: int | None = None, keepdims: bool = False) -> tuple[Array, Saved]:
    axes = resolve_axes("prod", x.ndim, axis)
    y = array_module(x).prod(x, axis=axes, keepdims=keepdims)
    return y, Saved(x, None if axis is None else axes[0] if axes else None)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    xp = array_module(gy)
    x, axis = saved.x, saved.axis
    row = xp.reshape(x, (-1,)) if axis is None else xp.moveaxis(x, axis, -1)  # (…, D)
    D = row.shape[-1]
    others = []
    before = xp.ones_like(row[..., :1])
    befores = [before]
    for i in range(D - 1):
        befores.append(befores[-1] * row[..., i : i + 1])
    after = before
    for i in reversed(range(D)):
        others.append(befores[i] * after)
        after = after * row[..., i : i + 1]
    factors = xp.concatenate(others[::-1], axis=-1) if D else row  # (…, D)
    if axis is None:
        return (xp.reshape(gy, ()) * xp.reshape(factors, x.shape),)
    kept = tuple(1 if k == axis else size for k, size in enumerate(x.shape))
    return (xp.reshape(gy, kept) * xp.moveaxis(factors, -1, axis),)


def reference(x: np.ndarray, *, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    axes = resolve_axes("prod", x.ndim, axis)
    y = np.ones([1 if k in axes else size for k, size in enumerate(x.shape)], x.dtype)
    for where in np.ndindex(x.shape):
        y[tuple(0 if k in axes else i for k, i in enumerate(where))] *= x[where]
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {}, "all axes")
    yield Sample((rng.normal(size=(2, 3, 2)),), {"axis": 1, "keepdims": True}, "middle axis, kept")
    zeros = rng.normal(size=(3, 4))
    zeros[0, 1] = zeros[1, 0] = zeros[1, 2] = 0.0
    yield Sample((zeros,), {"axis": -1}, "rows with one and with two zeros")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0}, "empty")
    yield Sample((rng.normal(size=()),), {}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield ErrorSample((rng.normal(size=(2, 3)),), {"axis": 2}, IndexError, "prod: dim 2")


OP = Op(
    "prod", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
