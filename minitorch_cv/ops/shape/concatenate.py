"""concatenate: tensors joined along one axis, y = [x_1 x_2 …]; gx_k is the k-th slice of gy.

Shapes: (…, D_1, …), (…, D_2, …), … → (…, D_1 + D_2 + …, …), equal in all other axes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Saved(NamedTuple):
    sizes: tuple[int, ...]  # of each input along the axis
    axis: int


def check(*xs: Array, axis: int) -> None:
    if not xs:
        raise ValueError("concatenate: expects at least one tensor (got none)")
    first = xs[0]
    if first.ndim == 0:
        raise ValueError("concatenate: 0-d tensors cannot be joined; use stack")
    if not -first.ndim <= axis < first.ndim:
        raise IndexError(f"concatenate: axis {axis} does not exist in shape {first.shape}")
    axis %= first.ndim
    for x in xs[1:]:
        same = x.ndim == first.ndim and all(
            a == b or k == axis for k, (a, b) in enumerate(zip(x.shape, first.shape, strict=False))
        )
        if not same:
            shapes = ", ".join(str(x.shape) for x in xs)
            raise ValueError(
                f"concatenate: all sizes but those of axis {axis} must agree (got {shapes})"
            )


def forward(*xs: Array, axis: int) -> tuple[Array, Saved]:
    axis %= xs[0].ndim
    return array_module(*xs).concatenate(xs, axis=axis), Saved(
        tuple(x.shape[axis] for x in xs), axis
    )


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    grads, start = [], 0
    for size, need in zip(saved.sizes, needs, strict=True):
        key = (slice(None),) * saved.axis + (slice(start, start + size),)
        grads.append(gy[key] if need else None)
        start += size
    return tuple(grads)


def reference(*xs: np.ndarray, axis: int) -> np.ndarray:
    axis %= xs[0].ndim
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    y, start = np.zeros(shape, np.result_type(*xs)), 0
    for x in xs:
        for where in np.ndindex(x.shape):
            moved = list(where)
            moved[axis] += start
            y[tuple(moved)] = x[where]
        start += x.shape[axis]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    yield Sample((draw(2, 3), draw(1, 3), draw(4, 3)), {"axis": 0}, "rows")
    yield Sample((draw(2, 3, 2), draw(2, 1, 2)), {"axis": -2}, "negative axis")
    yield Sample((draw(2, 3),), {"axis": 1}, "one tensor")
    yield Sample((draw(2, 0), draw(2, 3)), {"axis": 1}, "empty with full")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 4))
    yield ErrorSample((a, b), {"axis": 0}, ValueError, "all sizes but those of axis 0 must agree")
    yield ErrorSample((a, a), {"axis": 2}, IndexError, "axis 2 does not exist")
    yield ErrorSample((), {"axis": 0}, ValueError, "at least one tensor")


OP = Op(
    "concatenate", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, inputs=("xs",),
)  # fmt: skip
