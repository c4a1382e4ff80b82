"""l1_loss: the mean of the absolute errors.

    d = |x − t|,   y = d ('none'),  Σ d ('sum'),  Σ d / n ('mean', n values)
    gx = sign(x − t) gy, over n for the mean;   gt = −gx;   sign(0) = 0

Shapes: x and target (…) float → y () or, with 'none', (…). Two shapes are broadcast, with a
warning, since that is seldom meant; gradients are summed back. The mean of nothing is NaN.
Raises: ValueError for shapes that do not broadcast or an unknown reduction, TypeError for integers.
Source: S. Boyd, L. Vandenberghe, "Convex Optimization", 2004, section 6.1. Verified by the op
checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import sum_to
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen
from .pairs import (
    check_pair,
    pair_errors,
    pair_reference,
    pair_samples,
    reduce_pairs,
    result_dtype,
    share,
)


class Saved(NamedTuple):
    x: Array
    target: Array
    reduction: str


def check(x: Array, target: Array, *, reduction: str = "mean") -> None:
    check_pair("l1_loss", x, target, reduction)


def forward(x: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Saved]:
    xp = array_module(x)
    y = reduce_pairs(xp.abs(widen(x) - widen(target)), reduction)
    return xp.asarray(y, dtype=result_dtype(x, target)), Saved(x, target, reduction)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    x, target = saved.x, saved.target
    d = widen(x) - widen(target)
    xp = array_module(gy)
    g = xp.broadcast_to(share(widen(gy), d.shape, saved.reduction), d.shape)
    g = xp.where(d > 0, g, xp.where(d < 0, -g, 0))  # sign(d) g, 0 for NaN as in PyTorch
    gx = like(sum_to(g, x.shape), x) if needs[0] else None
    gt = like(sum_to(-g, target.shape), target) if needs[1] else None
    return gx, gt


def reference(x: np.ndarray, target: np.ndarray, *, reduction: str = "mean") -> np.ndarray:
    def error(a: complex, b: complex) -> complex:
        if a.real == b.real:
            return 0  # the slope chosen at the kink is 0
        return a - b if a.real > b.real else b - a

    return pair_reference(error, x, target, reduction)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from pair_samples(rng)
    x = rng.normal(size=(2, 3))
    yield Sample((x, x.copy()), {"reduction": "sum"}, "equal values", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from pair_errors("l1_loss", rng)


OP = Op(
    "l1_loss", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
