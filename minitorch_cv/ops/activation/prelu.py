"""prelu: x where positive, else x times a slope that is learned, one for all channels or one each.

    y = x where x > 0, else w x        gx = gy where x > 0, else w gy        gw = Σ gy x over x ≤ 0

In 0 the derivative is w, as in PyTorch. NaN stays NaN.

Shapes: x (N, C, …) with w (C,), or any x with w (1,) or () → y like x.
Raises: ValueError where w has neither 1 nor C elements, TypeError for integers or two dtypes.
Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, section 2.1.
Verified by the op checks against loops, and against PyTorch by the parity tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import sum_to
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen


class Saved(NamedTuple):
    x: Array
    w: Array


def check(x: Array, w: Array) -> None:
    check_float("prelu", "x", x)
    if w.dtype != x.dtype:
        raise TypeError(f"prelu: x and weight have one dtype (got {x.dtype} and {w.dtype})")
    if w.ndim > 1:
        raise ValueError(f"prelu: weight is 1-d or 0-d (got {w.shape}); use weight.flatten()")
    slopes, channels = math.prod(w.shape), x.shape[1] if x.ndim > 1 else 1
    if slopes not in (1, channels):
        raise ValueError(
            f"prelu: weight has one slope, or one for each of the {channels} channels (got x "
            f"{x.shape}, weight {w.shape}); use nn.PReLU({channels})"
        )


def _per_channel(x: Array, w: Array) -> tuple[int, ...]:
    """The shape in which w is broadcast against x."""
    if x.ndim < 2:
        return (1,) * x.ndim
    return (1, math.prod(w.shape)) + (1,) * (x.ndim - 2)


def forward(x: Array, w: Array) -> tuple[Array, Saved]:
    xp = array_module(x)
    return xp.where(x > 0, x, xp.reshape(w, _per_channel(x, w)) * x), Saved(x, w)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    x, w = saved.x, saved.w
    shape = _per_channel(x, w)
    gx = gw = None
    if needs[0]:
        gx = xp.where(x > 0, gy, xp.reshape(w, shape) * gy)
    if needs[1]:
        each = xp.where(x > 0, xp.zeros_like(gy), x * gy)
        gw = xp.reshape(like(sum_to(widen(each), shape), w), w.shape)
    return gx, gw


def reference(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    slopes = w.reshape(-1)
    y = np.zeros(x.shape, np.result_type(x, w))
    for where in np.ndindex(x.shape):
        slope = slopes[where[1]] if len(slopes) > 1 else slopes[0]
        y[where] = x[where] if x[where].real > 0 else slope * x[where]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    def draw(*shape: int) -> np.ndarray:
        x = rng.normal(size=shape)
        return np.where(abs(x) < 0.05, 0.1, x)  # further from the kink than a finite difference

    w = np.array([0.25, -0.1, 0.7])
    yield Sample((draw(2, 3), w), {}, "matrix, one slope per channel")
    yield Sample((draw(2, 3, 4, 2), w), {}, "images, one slope per channel")
    yield Sample((draw(2, 3, 4, 2), np.array([0.2])), {}, "images, one slope")
    yield Sample((draw(5), np.array([0.2])), {}, "1-d")
    yield Sample((draw(), np.array(0.3)), {}, "0-d")
    yield Sample((draw(3, 5).T, w), {}, "not contiguous")
    yield Sample((draw(0, 3), w), {}, "empty batch")
    yield Sample((np.zeros((2, 3)), w), {}, "kinks", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, w = rng.normal(size=(2, 3)), np.full(3, 0.2)
    yield ErrorSample((x, np.ones(4)), {}, ValueError, "one for each of the 3 channels")
    yield ErrorSample((x[0], w), {}, ValueError, "one for each of the 1 channels")
    yield ErrorSample((x, w[:0]), {}, ValueError, "one for each of the 3 channels")
    yield ErrorSample((x, w[None]), {}, ValueError, "prelu: weight is 1-d or 0-d")
    yield ErrorSample((x, w.astype(np.float32)), {}, TypeError, "x and weight have one dtype")
    yield ErrorSample((np.arange(3), np.arange(1)), {}, TypeError, "prelu: x is a float tensor")


OP = Op(
    "prelu", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
