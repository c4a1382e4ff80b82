"""reshape: the same elements in the same row-major order under another shape.

y = x, gx = gy reshaped back. One size may be −1 and is worked out. Shares memory where it can.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Saved(NamedTuple):
    shape: tuple[int, ...]  # of the input


def check(x: Array, *, shape: tuple[int, ...]) -> None:
    resolve(x.shape, shape)


def resolve(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its −1 worked out. Raises ValueError where the sizes do not agree."""
    total, known = math.prod(old), math.prod(size for size in new if size != -1)
    free = new.count(-1)
    if free > 1 or min(new, default=0) < -1:
        raise ValueError(f"reshape: at most one size may be -1, none below (got {new})")
    if free and (known == 0 or total % known):
        raise ValueError(f"reshape: shape {new} does not fit {total} elements of shape {old}")
    result = tuple(total // known if size == -1 else size for size in new)
    if math.prod(result) != total:
        raise ValueError(
            f"reshape: shape {new} has {math.prod(result)} elements, but the tensor of shape {old} "
            f"has {total}; use -1 for the size that should be worked out"
        )
    return result


def forward(x: Array, *, shape: tuple[int, ...]) -> tuple[Array, Saved]:
    return array_module(x).reshape(x, shape), Saved(x.shape)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (array_module(gy).reshape(gy, saved.shape) if needs[0] else None,)


def reference(x: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    values = [x[where] for where in np.ndindex(x.shape)]
    y = np.zeros(resolve(x.shape, shape), x.dtype)
    for value, where in zip(values, np.ndindex(y.shape), strict=True):
        y[where] = value
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 6)),), {"shape": (3, 4)}, "matrix")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"shape": (2, -1)}, "-1 is worked out")
    yield Sample((rng.normal(size=(4, 3)).T,), {"shape": (6, 2)}, "not contiguous")
    yield Sample((rng.normal(size=(0, 3)),), {"shape": (3, 0)}, "empty")
    yield Sample((rng.normal(size=()),), {"shape": (1, 1)}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"shape": (4, 2)}, ValueError, "has 8 elements")
    yield ErrorSample((x,), {"shape": (-1, 4)}, ValueError, "does not fit 6 elements")
    yield ErrorSample((x,), {"shape": (-1, -1)}, ValueError, "at most one size may be -1")


OP = Op(
    "reshape", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, view=True,
)  # fmt: skip
