"""sum: y = Σ x over some axes; gx repeats gy over them.

Shapes: x (…) → y with the axes removed, or of size 1 with keepdims.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .axes import Axis, judge, resolve_axes, spread


class Saved(NamedTuple):
    shape: tuple[int, ...]
    axes: tuple[int, ...]


check = judge("sum")


def forward(x: Array, *, axis: Axis = None, keepdims: bool = False) -> tuple[Array, Saved]:
    axes = resolve_axes("sum", x.ndim, axis)
    return array_module(x).sum(x, axis=axes, keepdims=keepdims), Saved(x.shape, axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (spread(gy, saved.shape, saved.axes) if needs[0] else None,)


def reference(x: np.ndarray, *, axis: Axis = None, keepdims: bool = False) -> np.ndarray:
    axes = resolve_axes("sum", x.ndim, axis)
    y = np.zeros([1 if k in axes else size for k, size in enumerate(x.shape)], x.dtype)
    for where in np.ndindex(x.shape):
        y[tuple(0 if k in axes else i for k, i in enumerate(where))] += x[where]
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def reduction_samples(rng: np.random.Generator) -> Iterable[Sample]:
    """The inputs that every reduction is checked on (values are kept apart: no ties)."""

    def draw(*shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        return (rng.permutation(count) - count / 3 + rng.uniform(0.1, 0.4, count)).reshape(shape)

    yield Sample((draw(3, 4),), {}, "all axes")
    yield Sample((draw(2, 3, 4),), {"axis": 1}, "middle axis")
    yield Sample((draw(2, 3, 4),), {"axis": (0, -1), "keepdims": True}, "two axes, kept")
    yield Sample((draw(4, 3).T,), {"axis": 0}, "not contiguous")
    yield Sample((draw(2, 1),), {"axis": 1}, "size 1")
    yield Sample((draw(),), {}, "0-d")
    yield Sample((draw(),), {"axis": -1}, "0-d, the axis that PyTorch grants it")


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": 2}, IndexError, "dim 2 does not exist")
    yield ErrorSample((x,), {"axis": (0, -2)}, ValueError, "names an axis twice")
    yield ErrorSample((x[0, :1].reshape(()),), {"axis": 1}, IndexError, "dim 1 does not exist")
    yield ErrorSample((x[0, :1].reshape(()),), {"axis": -2}, IndexError, "dim -2 does not exist")


OP = Op(
    "sum", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
