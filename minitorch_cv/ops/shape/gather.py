"""gather and its adjoint scatter_add: elements picked along the last axis by their numbers.

    gather:       y[…, p] = x[…, index[…, p]]         gx = scatter_add(gy)
    scatter_add:  y[…, index[…, p]] += x[…, p]        gx = gather(gy)

index: int64, its leading sizes equal to x's; a number may occur more than once. That 0 ≤ index < S
is not looked at here, where it would make a GPU wait: the ops that call this made the numbers.
On a GPU, sums have the same bits in every run, but for those of float64.
Shapes: gather (…, S), index (…, P) → (…, P); scatter_add (…, P), index (…, P) → (…, S), size = S.
Raises: ValueError where the shapes do not agree, TypeError for an index that is not of integers.
Verified by the op checks against loops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.device import device_of
from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import widen


class Saved(NamedTuple):
    index: Array
    size: int


def check(x: Array, index: Array) -> None:
    if x.ndim == 0 or x.shape[:-1] != index.shape[:-1]:
        raise ValueError(
            f"gather: x and index agree in all axes but the last (got {x.shape} and {index.shape});"
            " broadcast one of them"
        )
    _check_integers("gather", index)


def _check_integers(op: str, index: Array) -> None:
    if index.dtype.kind not in "iu":
        raise TypeError(f"{op}: index must be of integers (got {index.dtype}); use index.long()")


def forward(x: Array, index: Array) -> tuple[Array, Saved]:
    return array_module(x).take_along_axis(x, index, -1), Saved(index, x.shape[-1])


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (SCATTER_ADD(gy, saved.index, size=saved.size) if needs[0] else None), None


def reference(x: np.ndarray, index: np.ndarray) -> np.ndarray:
    y = np.zeros(index.shape, x.dtype)
    for where in np.ndindex(index.shape):
        y[where] = x[where[:-1] + (index[where],)]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 3, 5)), rng.integers(5, size=(2, 3, 4))), {}, "batch")
    yield Sample((rng.normal(size=4), np.array([2, 2, 0, 2, 1])), {}, "an element taken twice")
    yield Sample((rng.normal(size=(5, 2)).T, rng.integers(5, size=(3, 2)).T), {}, "not contiguous")
    yield Sample((rng.normal(size=(0, 3)), np.zeros((0, 2), np.int64)), {}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, index = rng.normal(size=(2, 3)), np.array([[0], [2]])
    yield ErrorSample((x, index[:1]), {}, ValueError, "gather: x and index agree in all axes but")
    yield ErrorSample((x, index * 1.0), {}, TypeError, "gather: index must be of integers")


class ScatterSaved(NamedTuple):
    index: Array


def scatter_add_check(x: Array, index: Array, *, size: int) -> None:
    if x.ndim == 0 or x.shape != index.shape:
        raise ValueError(
            f"scatter_add: x and index have one shape (got {x.shape} and {index.shape}); "
            "broadcast one of them"
        )
    _check_integers("scatter_add", index)


def scatter_add(x: Array, index: Array, *, size: int) -> tuple[Array, ScatterSaved]:
    on_device = device_of(x).type != "cpu"
    if on_device and x.dtype == np.float16:  # by the kernel of float32
        wide = SCATTER_ADD(widen(x), index, size=size)
        return wide.astype(x.dtype), ScatterSaved(index)
    xp = array_module(x)
    *lead, P = x.shape
    R = math.prod(lead)
    # Numbers all places of all rows in one go, (R, P); a histogram then adds up what meets.
    places = xp.reshape(index, (R, P)) + size * xp.arange(R)[:, None]
    values, places = xp.reshape(x, (-1,)), xp.reshape(places, (-1,))
    if on_device:
        total = _add_on_device(values, places, R * size)
    else:
        total = xp.bincount(places, weights=values, minlength=R * size)
    return xp.reshape(total, (*lead, size)).astype(x.dtype, copy=False), ScatterSaved(index)


def _add_on_device(values: Array, places: Array, size: int) -> Array:
    """The same by atomic sums, which nobody waits for; CuPy's bincount reads its largest number.

    The order of floats, and so the last bits of their sum, are up to chance.
    """
    xp = array_module(values)
    if values.dtype.kind != "f":  # CuPy adds to no int64; without a sign the bits are the same
        values = values.astype("uint64")
    total = xp.zeros(size, dtype=values.dtype)
    xp.add.at(total, places, values)
    return total


def scatter_add_backward(gy: Array, saved: ScatterSaved, needs: Needs) -> Grads:
    return (OP(gy, saved.index) if needs[0] else None), None


def scatter_add_reference(x: np.ndarray, index: np.ndarray, *, size: int) -> np.ndarray:
    y = np.zeros((*x.shape[:-1], size), x.dtype)
    for where in np.ndindex(x.shape):
        y[where[:-1] + (index[where],)] += x[where]
    return y


def scatter_add_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in samples(rng):
        x, index = sample.arrays
        values = rng.normal(size=index.shape)
        yield Sample((values, index), {"size": x.shape[-1]}, sample.label)


def scatter_add_error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, index = rng.normal(size=(2, 1)), np.array([[0], [2]])
    yield ErrorSample((x[:1], index), {"size": 3}, ValueError, "scatter_add: x and index have one")
    yield ErrorSample((x, index * 1.0), {"size": 3}, TypeError, "must be of integers")


OP = Op(
    "gather", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
SCATTER_ADD = Op(
    "scatter_add", scatter_add, scatter_add_backward, ScatterSaved, check=scatter_add_check,
    reference=scatter_add_reference, samples=scatter_add_samples,
    error_samples=scatter_add_error_samples,
)  # fmt: skip
