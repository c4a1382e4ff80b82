"""cumprod: the product of all elements so far along an axis.

    y_i = Π_{j ≤ i} x_j          gx_j = y_{j−1} s_j,   s_j = gy_j + x_{j+1} s_{j+1}

with y_{−1} = 1 and s beyond the end 0. The recurrence for s collects gy_i times the factors between
j and i; nothing is divided by x, so the gradient is right where x is 0.

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
    x: Array
    y: Array
    axis: int


def forward(x: Array, *, axis: int) -> tuple[Array, Saved]:
    xp = array_module(x)
    y = like(xp.cumprod(widen(x), axis=axis) if x.ndim else xp.array(x), x)
    return y, Saved(x, y, axis)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, y, axis = saved
    if gy.ndim == 0 or gy.shape[axis] == 0:
        return (gy,)
    xp = array_module(gy)
    lead = (slice(None),) * axis
    total, gxs = gy[lead + (-1,)], []
    for j in range(gy.shape[axis] - 1, 0, -1):
        gxs.append(y[lead + (j - 1,)] * total)
        total = gy[lead + (j - 1,)] + x[lead + (j,)] * total
    gxs.append(total)
    gxs = [xp.expand_dims(gx, axis) for gx in gxs[::-1]]
    return (xp.concatenate(gxs, axis=axis),)


def reference(x: np.ndarray, *, axis: int) -> np.ndarray:
    y = np.ones(x.shape, x.dtype)
    for where in np.ndindex(x.shape):
        for j in range(where[axis] + 1) if x.ndim else (0,):
            y[where] *= x[where[:axis] + (j,) + where[axis + 1 :]] if x.ndim else x[()]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=5),), {"axis": 0}, "vector")
    yield Sample((rng.normal(size=(2, 4, 3)),), {"axis": 1}, "middle axis")
    yield Sample((np.array([[2.0, 0.0, 3.0, 1.5], [0.0, 2.0, 0.0, 1.0]]),), {"axis": 1}, "zeros")
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 1}, "not contiguous")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "size 1")
    yield Sample((rng.normal(size=()),), {"axis": 0}, "0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    yield Sample((np.arange(6, dtype=np.int32).reshape(2, 3),), {"axis": 1}, "int32")
    yield Sample((rng.normal(size=(3, 0)),), {"axis": 1}, "no factors")


OP = Op("cumprod", forward, backward, Saved, reference=reference, samples=samples)
