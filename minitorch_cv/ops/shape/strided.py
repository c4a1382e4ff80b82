"""strided: a view along straight lines through a tensor: diagonals, and windows that slide.

    y[k_1, k_2, …] = x[start + k_1 · steps_1 + k_2 · steps_2 + …]

start: a place in x; steps_a: how far one step along axis a of y leads along each axis of x.
An element that y shows several times receives all their gradients. Shares memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .getitem import SCATTER

Steps = tuple[tuple[int, ...], ...]


class Saved(NamedTuple):
    shape: tuple[int, ...]  # of x
    shape_y: tuple[int, ...]
    start: tuple[int, ...]
    steps: Steps


def check(x: Array, *, shape: tuple[int, ...], start: tuple[int, ...], steps: Steps) -> None:
    ends = _along(
        start, [[(n - 1) * move for move in step] for n, step in zip(shape, steps, strict=True)]
    )
    inside = all(0 <= end < size for end, size in zip((*start, *ends), x.shape * 2, strict=True))
    if math.prod(shape) and not inside:
        raise ValueError(
            f"strided: a view of shape {shape} from {start} in steps {steps} ends at {ends}, "
            f"outside of shape {x.shape}"
        )


def _along(start: tuple[int, ...], ways: Any) -> tuple[int, ...]:
    """The place that some ways lead to, one after the other."""
    return tuple(map(sum, zip(start, *ways, strict=True)))


def forward(
    x: Array, *, shape: tuple[int, ...], start: tuple[int, ...], steps: Steps
) -> tuple[Array, Saved]:
    corner = x[tuple(slice(first, None) for first in start)]
    strides = [
        sum(move * width for move, width in zip(step, x.strides, strict=True)) for step in steps
    ]
    y = array_module(x).lib.stride_tricks.as_strided(corner, shape, strides)
    return y, Saved(x.shape, shape, start, steps)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    # For each element of y, its place in x: an index along each axis of x.
    walked = np.indices(saved.shape_y)
    key = []
    for axis, first in enumerate(saved.start):
        key.append(first + sum(k * step[axis] for k, step in zip(walked, saved.steps, strict=True)))
    return (SCATTER(gy, key=tuple(key), shape=saved.shape),)


def reference(
    x: np.ndarray, *, shape: tuple[int, ...], start: tuple[int, ...], steps: Steps
) -> np.ndarray:
    y = np.zeros(shape, x.dtype)
    for where in np.ndindex(shape):
        place = list(start)
        for count, step in zip(where, steps, strict=True):
            for axis, move in enumerate(step):
                place[axis] += count * move
        y[where] = x[tuple(place)]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def look(shape: tuple[int, ...], start: tuple[int, ...], *steps: tuple[int, ...]) -> Any:
        return {"shape": shape, "start": start, "steps": steps}

    matrix = rng.normal(size=(3, 4))
    yield Sample((matrix,), look((3,), (0, 1), (1, 1)), "a diagonal")
    yield Sample((matrix.T,), look((3,), (1, 0), (1, 1)), "of a transposed matrix")
    windows = look((3, 2, 3), (0, 0), (1, 0), (0, 1), (0, 1))
    yield Sample((matrix,), windows, "windows that overlap")
    yield Sample((rng.normal(size=8),), look((3, 2), (0,), (3,), (1,)), "windows apart")
    yield Sample((matrix,), look((0,), (0, 0), (1, 1)), "nothing")
    yield Sample((matrix[:0],), look((0, 2), (0, 0), (1, 0), (0, 1)), "of nothing")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    params = {"shape": (4,), "start": (0, 0), "steps": ((1, 1),)}
    words = "strided: a view of shape (4,) from (0, 0) in steps ((1, 1),) ends at (3, 3)"
    yield ErrorSample((rng.normal(size=(3, 4)),), params, ValueError, words)


OP = Op(
    "strided", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, view=True,
)  # fmt: skip
