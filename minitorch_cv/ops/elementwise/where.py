"""where: y = a where the condition holds, else b; all three are broadcast.

    ga = gy where the condition holds, else 0       gb = gy where it does not, else 0

condition: bool, has no gradient. Shapes as for any broadcast.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .broadcast import broadcast_shapes, sum_to


class Saved(NamedTuple):
    condition: Array
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]


def check(condition: Any, a: Any, b: Any) -> None:
    broadcast_shapes("where", *(getattr(v, "shape", ()) for v in (condition, a, b)))
    if getattr(condition, "dtype", np.dtype(bool)) != np.bool_:
        raise TypeError(
            f"where: the condition is a bool tensor (got {condition.dtype}); use e.g. x > 0"
        )


def forward(condition: Array, a: Any, b: Any) -> tuple[Array, Saved]:
    y = array_module(condition, a, b).where(condition, a, b)
    return y, Saved(condition, getattr(a, "shape", ()), getattr(b, "shape", ()))


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    zero = xp.zeros_like(gy)
    ga = gb = None
    if needs[1]:
        ga = sum_to(xp.where(saved.condition, gy, zero), saved.shape_a)
    if needs[2]:
        gb = sum_to(xp.where(saved.condition, zero, gy), saved.shape_b)
    return None, ga, gb


def reference(condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    condition, a, b = np.broadcast_arrays(condition, a, b)
    y = np.zeros(condition.shape, np.result_type(a, b))
    for where in np.ndindex(y.shape):
        y[where] = a[where] if condition[where] else b[where]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    yield Sample((a > 0, a, b), {}, "same shape")
    yield Sample((rng.normal(size=(2, 1, 4)) > 0, a, rng.normal(size=(4,))), {}, "broadcast")
    yield Sample((rng.normal(size=(0, 1)) > 0, rng.normal(size=(1, 2)), np.ones(())), {}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    a = rng.normal(size=(2, 3))
    yield ErrorSample((a > 0, a, rng.normal(size=4)), {}, ValueError, "where: shapes")
    yield ErrorSample((a, a, a), {}, TypeError, "the condition is a bool tensor")


OP = Op(
    "where", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
