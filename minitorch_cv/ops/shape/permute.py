"""permute: the axes in another order (NumPy's transpose).

y[i_axes[0], i_axes[1], …] = x[i_0, i_1, …]; gx is gy under the inverse permutation. Shares memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Saved(NamedTuple):
    axes: tuple[int, ...]


def check(x: Array, *, axes: tuple[int, ...]) -> None:
    if sorted(axis % max(x.ndim, 1) for axis in axes) != list(range(x.ndim)):
        raise ValueError(
            f"permute: expects each axis of the tensor once (got {axes} for shape {x.shape})"
        )


def forward(x: Array, *, axes: tuple[int, ...]) -> tuple[Array, Saved]:
    return array_module(x).transpose(x, axes), Saved(axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    inverse = [0] * gy.ndim
    for new, old in enumerate(saved.axes):
        inverse[old] = new
    return (array_module(gy).transpose(gy, tuple(inverse)),)


def reference(x: np.ndarray, *, axes: tuple[int, ...]) -> np.ndarray:
    y = np.zeros([x.shape[axis] for axis in axes], x.dtype)
    for where in np.ndindex(x.shape):
        y[tuple(where[axis] for axis in axes)] = x[where]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (2, 0, 1)}, "rotation")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (0, -1, 1)}, "negative axis")
    yield Sample((rng.normal(size=(2, 0)),), {"axes": (1, 0)}, "empty")
    yield Sample((rng.normal(size=()),), {"axes": ()}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axes": (0, 0)}, ValueError, "each axis of the tensor once")
    yield ErrorSample((x,), {"axes": (0,)}, ValueError, "each axis of the tensor once")


OP = Op(
    "permute", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, view=True,
)  # fmt: skip
