"""What mse_loss and l1_loss share: one error for each pair of values, reduced to a loss."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import broadcast_shapes
from ..op import ErrorSample, Sample
from ..precision import check_float
from .targets import check_reduction


def check_pair(op: str, x: Array, target: Array, reduction: str) -> None:
    """Raises where x and target cannot be compared; warns where they have to be broadcast."""
    check_reduction(op, reduction)
    check_float(op, "x", x)
    if target.dtype.kind not in "fiu":
        raise TypeError(f"{op}: target holds numbers (got {target.dtype}); use target.float()")
    if x.shape != target.shape:
        broadcast_shapes(op, x.shape, target.shape)
        warnings.warn(
            f"{op}: target size {target.shape} differs from the input size {x.shape}; this will "
            "likely lead to incorrect results due to broadcasting; give both the same shape",
            UserWarning,
            stacklevel=2,
        )


def result_dtype(x: Array, target: Array) -> Any:
    """The wider of two float dtypes; x's own where the target holds integers."""
    return array_module(x).result_type(x, target) if target.dtype.kind == "f" else x.dtype


def reduce_pairs(errors: Array, reduction: str) -> Array:
    """The errors themselves, their sum, or their mean (NaN where there are none)."""
    if reduction == "none":
        return errors
    total = array_module(errors).sum(errors)
    return total if reduction == "sum" else total / np.float64(math.prod(errors.shape))


def share(gy: Array, shape: tuple[int, ...], reduction: str) -> Array:
    """The gradient of each error: gy, or its n-th part for the mean of n."""
    return gy / max(math.prod(shape), 1) if reduction == "mean" else gy


def pair_reference(
    error: Callable[[Any, Any], Any], x: np.ndarray, target: np.ndarray, reduction: str
) -> np.ndarray:
    """Loops over the pairs."""
    a, b = np.broadcast_arrays(x, target)
    errors = np.zeros(a.shape, np.result_type(x, target))
    for where in np.ndindex(a.shape):
        errors[where] = error(a[where], b[where])
    if reduction == "none":
        return errors
    total = sum((errors[where] for where in np.ndindex(a.shape)), errors.dtype.type(0))
    return np.asarray(total if reduction == "sum" else total / np.float64(errors.size))


def pair_samples(rng: np.random.Generator) -> Iterable[Sample]:
    """x and target, never closer than a finite difference reaches."""

    def draw(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        x, d = rng.normal(size=shape), rng.normal(size=shape)
        return x, x + np.where(abs(d) < 0.1, 0.2, d)

    yield Sample(draw(3, 4), {}, "matrix")
    yield Sample(draw(3, 4), {"reduction": "sum"}, "sum")
    yield Sample(draw(2, 3, 2), {"reduction": "none"}, "none")
    yield Sample(draw(), {}, "0-d")
    yield Sample(draw(1), {"reduction": "none"}, "size 1")
    x, target = draw(4, 3)
    yield Sample((x.T, target.T), {}, "not contiguous")
    yield Sample((x, x[:1] + 9.0), {}, "target broadcast")
    yield Sample((target[:, :1] - 9.0, target), {"reduction": "none"}, "x broadcast")
    yield Sample(draw(0, 3), {"reduction": "sum"}, "empty batch")


def pair_errors(op: str, rng: np.random.Generator) -> Iterable[ErrorSample]:
    """The bad inputs of both losses."""
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x, x[:, :2]), {}, ValueError, f"{op}: shapes (2, 3) and (2, 2)")
    yield ErrorSample((x, x), {"reduction": "avg"}, ValueError, f"{op}: no such reduction")
    yield ErrorSample((np.arange(3), np.arange(3)), {}, TypeError, f"{op}: x is a float tensor")
    yield ErrorSample((x, x > 0), {}, TypeError, f"{op}: target holds numbers")
