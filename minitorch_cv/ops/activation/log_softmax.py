"""log_softmax: the logarithm of softmax, without the rounding of taking the two one after another.

    y_k = (x_k − m) − log Σ_j e^(x_j − m),  m = max_j x_j        gx = gy − e^y Σ_j gy_j

An entry of −∞ stays −∞; along a line with +∞, NaN or nothing but −∞ the result is NaN.

Shapes: x (…) float → y of the same shape and dtype. axis: the axis that is summed over.
Raises: IndexError for an axis that does not exist, TypeError for integers.
Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 4.1.
Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from ..reduce.axes import resolve_axes
from .softmax import axis_errors, check_axis, lines, shifted


class Saved(NamedTuple):
    y: Array
    axes: tuple[int, ...]  # the one axis; () for a 0-d input


def check(x: Array, *, axis: int) -> None:
    check_axis("log_softmax", x, axis)


def forward(x: Array, *, axis: int) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes = resolve_axes("log_softmax", x.ndim, axis)
    d = shifted(widen(x), axes)
    y = like(d - xp.log(xp.sum(xp.exp(d), axis=axes, keepdims=True)), x)
    return y, Saved(y, axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    xp = array_module(gy)
    g = widen(gy)
    total = xp.sum(g, axis=saved.axes, keepdims=True)
    return (like(g - xp.exp(widen(saved.y)) * total, gy),)


def reference(x: np.ndarray, *, axis: int) -> np.ndarray:
    y = np.zeros_like(x)
    for line in lines(x.shape, axis):
        top = max([x[where].real for where in line], default=0.0)
        total = sum(np.exp(x[where] - top) for where in line)
        for where in line:
            y[where] = x[where] - top - np.log(total)
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 5)),), {"axis": 1}, "rows")
    yield Sample((rng.normal(size=(3, 5)),), {"axis": 0}, "columns")
    yield Sample((rng.normal(size=(2, 4, 3)),), {"axis": -2}, "middle axis")
    yield Sample((rng.normal(size=(2, 3, 2, 2)),), {"axis": 1}, "channels of images")
    yield Sample((rng.normal(size=(5, 3)).T,), {"axis": 1}, "not contiguous")
    yield Sample((rng.normal(size=(2, 4)) - 900.0,), {"axis": 1}, "values whose e^x underflows")
    yield Sample((rng.normal(size=(3, 1)),), {"axis": 1}, "size 1")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    yield Sample((rng.normal(size=()),), {"axis": 0}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from axis_errors("log_softmax", rng)


OP = Op(
    "log_softmax", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
