"""mse_loss: the mean of the squared errors.

    d = (x − t)²,   y = d ('none'),  Σ d ('sum'),  Σ d / n ('mean', n values)
    gx = 2 (x − t) gy, over n for the mean;   gt = −gx

Shapes: x and target (…) float → y () or, with 'none', (…). Two shapes are broadcast, with a
warning, since that is seldom meant; gradients are summed back. The mean of nothing is NaN.
Raises: ValueError for shapes that do not broadcast or an unknown reduction, TypeError for integers.
Source: C. Gauss, "Theoria motus", 1809, book 2, section 3. Verified by the op checks against loops,
and against PyTorch by the parity tests.
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
    check_pair("mse_loss", x, target, reduction)


def forward(x: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Saved]:
    d = widen(x) - widen(target)
    y = reduce_pairs(d * d, reduction)
    y = array_module(x).asarray(y, dtype=result_dtype(x, target))
    return y, Saved(x, target, reduction)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    x, target = saved.x, saved.target
    d = widen(x) - widen(target)
    g = 2 * d * share(widen(gy), d.shape, saved.reduction)
    gx = like(sum_to(g, x.shape), x) if needs[0] else None
    gt = like(sum_to(-g, target.shape), target) if needs[1] else None
    return gx, gt


def reference(x: np.ndarray, target: np.ndarray, *, reduction: str = "mean") -> np.ndarray:
    return pair_reference(lambda a, b: (a - b) * (a - b), x, target, reduction)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from pair_samples(rng)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from pair_errors("mse_loss", rng)


OP = Op(
    "mse_loss", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
