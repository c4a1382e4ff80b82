"""expand: sizes of 1 are repeated without copying (NumPy's broadcast_to).

y[i, j] = x[0, j] where axis 0 had size 1; gx sums gy over the repeated axes. Shares memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import sum_to
from ..op import ErrorSample, Grads, Needs, Op, Sample


class Saved(NamedTuple):
    shape: tuple[int, ...]  # of the input


def check(x: Array, *, shape: tuple[int, ...]) -> None:
    extra = len(shape) - x.ndim
    if extra < 0 or any(
        old not in (1, new) for old, new in zip(x.shape, shape[extra:], strict=True)
    ):
        raise ValueError(
            f"expand: shape {x.shape} cannot be repeated to {shape}; only sizes of 1 repeat, and "
            "new axes come first"
        )


def forward(x: Array, *, shape: tuple[int, ...]) -> tuple[Array, Saved]:
    return array_module(x).broadcast_to(x, shape), Saved(x.shape)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (sum_to(gy, saved.shape) if needs[0] else None,)


def reference(x: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    y = np.zeros(shape, x.dtype)
    for where in np.ndindex(shape):
        tail = where[len(shape) - x.ndim :]
        y[where] = x[tuple(0 if size == 1 else i for i, size in zip(tail, x.shape, strict=True))]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(3, 1)),), {"shape": (3, 4)}, "one axis")
    yield Sample((rng.normal(size=(1, 3)),), {"shape": (2, 2, 3)}, "new axis and one axis")
    yield Sample((rng.normal(size=()),), {"shape": (2, 3)}, "0-d")
    yield Sample((rng.normal(size=(1, 3)),), {"shape": (0, 3)}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"shape": (4, 3)}, ValueError, "cannot be repeated to (4, 3)")
    yield ErrorSample((x,), {"shape": (3,)}, ValueError, "cannot be repeated to (3,)")


OP = Op(
    "expand", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, view=True,
)  # fmt: skip
