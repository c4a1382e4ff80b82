"""softmax: x along one axis as probabilities that sum to 1.

    y_k = e^(x_k − m) / Σ_j e^(x_j − m),  m = max_j x_j        gx = y (gy − Σ_j gy_j y_j)

m changes nothing and keeps every exponential ≤ 1. An entry of −∞ has probability 0; along a line
with +∞, NaN or nothing but −∞ the result is NaN.

Shapes: x (…) float → y of the same shape and dtype. axis: the axis that is summed over.
Raises: IndexError for an axis that does not exist, TypeError for integers.
Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, sections 4.1 (overflow) and
6.2.2.3. Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen
from ..reduce.axes import resolve_axes


class Saved(NamedTuple):
    y: Array
    axes: tuple[int, ...]  # the one axis; () for a 0-d input


def check(x: Array, *, axis: int) -> None:
    check_axis("softmax", x, axis)


def check_axis(op: str, x: Array, axis: int) -> None:
    """What softmax and log_softmax ask of their input."""
    check_float(op, "x", x)
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise TypeError(f"{op}: dim is one integer (got {axis!r}); use e.g. dim=1")
    resolve_axes(op, x.ndim, axis)


def shifted(x: Array, axes: tuple[int, ...]) -> Array:
    """x − max x along the axes: all values ≤ 0, so that no exponential overflows."""
    if 0 in x.shape:
        return x  # there is no maximum of nothing
    return x - array_module(x).max(x, axis=axes, keepdims=True)


def forward(x: Array, *, axis: int) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("softmax", x.ndim, axis)
    e = xp.exp(shifted(widen(x), axes))
    y = like(e / xp.sum(e, axis=axes, keepdims=True), x)
    return y, Saved(y, axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    xp = array_module(gy)
    g, y = widen(gy), widen(saved.y)
    return (like(y * (g - xp.sum(g * y, axis=saved.axes, keepdims=True)), gy),)


def reference(x: np.ndarray, *, axis: int) -> np.ndarray:
    y = np.zeros_like(x)
    for line in lines(x.shape, axis):
        top = max([x[where].real for where in line], default=0.0)
        total = sum(np.exp(x[where] - top) for where in line)
        for where in line:
            y[where] = np.exp(x[where] - top) / total
    return y


def lines(shape: tuple[int, ...], axis: int) -> Iterable[list[tuple[int, ...]]]:
    """For loops: the indices of the elements along `axis`, one list for each line."""
    if not shape:
        yield [()]
        return
    axis %= len(shape)
    for where in np.ndindex(*shape[:axis], 1, *shape[axis + 1 :]):
        yield [(*where[:axis], k, *where[axis + 1 :]) for k in range(shape[axis])]


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 5)),), {"axis": 1}, "rows")
    yield Sample((rng.normal(size=(3, 5)),), {"axis": 0}, "columns")
    yield Sample((rng.normal(size=(2, 4, 3)),), {"axis": -2}, "middle axis")
    yield Sample((rng.normal(size=(2, 3, 2, 2)),), {"axis": 1}, "channels of images")
    yield Sample((rng.normal(size=(5, 3)).T,), {"axis": 1}, "not contiguous")
    yield Sample((rng.normal(size=(2, 4)) + 900.0,), {"axis": 1}, "values whose e^x overflows")
    yield Sample((rng.normal(size=(3, 1)) + 900.0,), {"axis": 1}, "size 1")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    yield Sample((rng.normal(size=()),), {"axis": 0}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from axis_errors("softmax", rng)


def axis_errors(op: str, rng: np.random.Generator) -> Iterable[ErrorSample]:
    """The bad inputs of softmax and log_softmax."""
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": 2}, IndexError, f"{op}: dim 2 does not exist")
    yield ErrorSample((x,), {"axis": -3}, IndexError, f"{op}: dim -3 does not exist")
    yield ErrorSample((x,), {"axis": (0, 1)}, TypeError, f"{op}: dim is one integer")
    yield ErrorSample((np.arange(3),), {"axis": 0}, TypeError, f"{op}: x is a float tensor")


OP = Op(
    "softmax", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
