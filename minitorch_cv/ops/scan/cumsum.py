"""cumsum: the sum of all elements so far along an axis.

    y_i = Σ_{j ≤ i} x_j          gx_j = Σ_{i ≥ j} gy_i = (cumsum of gy from the end)

Shapes: any shape with at least one axis, or () → the same. axis: a non-negative number.
Verified by the op checks against loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import Grads, Needs, Op, Sample
from ..precision import widen


class Saved(NamedTuple):
    axis: int


def forward(x: Array, *, axis: int) -> tuple[Array, Saved]:
    xp = array_module(x)
    y = xp.cumsum(widen(x), axis=axis) if x.ndim else xp.array(x)
    return like(y, x), Saved(axis)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    if gy.ndim == 0:
        return (gy,)
    turned = (slice(None),) * saved.axis + (slice(None, None, -1),)
    return (OP(gy[turned], axis=saved.axis)[turned],)


def reference(x: np.ndarray, *, axis: int) -> np.ndarray:
    y = np.zeros(x.shape, x.dtype)
    for where in np.ndindex(x.shape):
        for j in range(where[axis] + 1) if x.ndim else (0,):
            y[where] += x[where[:axis] + (j,) + where[axis + 1 :]] if x.ndim else x[()]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=5),), {"axis": 0}, "vector")
    yield Sample((rng.normal(size=(2, 4, 3)),), {"axis": 1}, "middle axis")
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 1}, "not contiguous")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "size 1")
    yield Sample((rng.normal(size=()),), {"axis": 0}, "0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    yield Sample((np.arange(6, dtype=np.int32).reshape(2, 3),), {"axis": 1}, "int32")
    yield Sample((rng.normal(size=(3, 0)),), {"axis": 1}, "nothing to add")


OP = Op("cumsum", forward, backward, Saved, reference=reference, samples=samples)
