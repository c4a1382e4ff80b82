"""Copies: `clone` in the same dtype, `convert` into another one.

y[i] = x[i]; the gradient comes back in the dtype of x.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import Grads, Needs, Op, Sample


class Saved(NamedTuple):
    dtype: Any  # of the input


def convert(x: Array, *, dtype: Any) -> tuple[Array, Saved]:
    return x.astype(dtype), Saved(x.dtype)


def convert_backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (CONVERT(gy, dtype=saved.dtype) if needs[0] else None,)


def convert_reference(x: np.ndarray, *, dtype: Any) -> np.ndarray:
    y = np.empty(x.shape, np.result_type(x, dtype))
    for where in np.ndindex(x.shape):
        y[where] = x[where]
    return y


def convert_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"dtype": np.float64}, "same dtype")
    yield Sample((rng.normal(size=(0, 3)),), {"dtype": np.float64}, "empty")


def clone(x: Array) -> tuple[Array, Saved]:
    return array_module(x).array(x), Saved(x.dtype)


def clone_backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (gy if needs[0] else None,)


def clone_reference(x: np.ndarray) -> np.ndarray:
    return convert_reference(x, dtype=x.dtype)


def clone_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {}, "matrix")
    yield Sample((rng.normal(size=(4, 3)).T,), {}, "not contiguous")
    yield Sample((rng.normal(size=(0, 3)),), {}, "empty")


CONVERT = Op(
    "convert", convert, convert_backward, Saved, reference=convert_reference,
    samples=convert_samples,
)  # fmt: skip
CLONE = Op(
    "clone", clone, clone_backward, Saved, reference=clone_reference, samples=clone_samples,
)  # fmt: skip
