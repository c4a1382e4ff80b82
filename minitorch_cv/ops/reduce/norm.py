"""norm: the p-norm over some axes, y = (Σ |x|ᵖ)^(1/p).

    gx = gy sign(x) |x|^(p−1) / y^(p−1)        and 0 where x = 0 or y = 0
    p = inf, −inf: y = max |x|, min |x|; elements that tie for it share gy
    p = 0: y = the number of elements that are not 0; the derivative is 0

Shapes as for sum; a float dtype. Raises IndexError for an axis that does not exist, ValueError for
the largest of nothing, TypeError for integers. Verified by the op checks against loops.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..elementwise.unary import BY_NAME
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen
from .axes import Axis, resolve_axes, spread

SIGN = BY_NAME["sign"]  # 0 for NaN, unlike NumPy's


class Saved(NamedTuple):
    x: Array
    y: Array
    p: float
    axes: tuple[int, ...]


def check(x: Array, *, p: float = 2, axis: Axis = None, keepdims: bool = False) -> None:
    check_float("norm", "x", x)
    axes = resolve_axes("norm", x.ndim, axis)
    if math.isinf(p) and 0 in [x.shape[k] for k in axes]:
        raise ValueError(
            f"norm: the {p}-norm of nothing does not exist (got shape {x.shape}, dim {axis}); "
            "use another p"
        )


def forward(
    x: Array, *, p: float = 2, axis: Axis = None, keepdims: bool = False
) -> tuple[Array, Saved]:
    xp = array_module(x)
    axes, whole = resolve_axes("norm", x.ndim, axis), x
    x = widen(x)
    if p == 2:
        y = xp.sqrt(xp.sum(x * x, axis=axes, keepdims=keepdims))
    elif p == 0:
        y = xp.sum(xp.not_equal(x, 0), axis=axes, keepdims=keepdims)
    elif math.isinf(p):
        y = (xp.amax if p == math.inf else xp.amin)(xp.abs(x), axis=axes, keepdims=keepdims)
    elif p == 1:
        y = xp.sum(xp.abs(x), axis=axes, keepdims=keepdims)
    else:
        y = xp.sum(xp.abs(x) ** p, axis=axes, keepdims=keepdims) ** (1 / p)
    y = like(y, whole)
    return y, Saved(whole, y, p, axes)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    x, y, p, axes = saved
    xp = array_module(gy)
    g, y = spread(gy, x.shape, axes), spread(y, x.shape, axes)
    if p == 0:
        return (xp.zeros_like(x),)
    if p == 1:
        return (g * SIGN(x),)
    if math.isinf(p):
        tied = xp.equal(xp.abs(x), y)
        count = xp.sum(tied, axis=axes)
        return (like(xp.where(tied, g * SIGN(x) / spread(count, x.shape, axes), 0), gy),)
    if p == 2:
        return (like(g * x / xp.where(xp.equal(y, 0), 1, y), gy),)
    flat = xp.equal(y, 0) | xp.equal(x, 0)
    size = xp.where(flat, 1, xp.abs(x))
    ratio = (size / xp.where(flat, 1, y)) ** (p - 1)
    return (like(xp.where(flat, 0, g * SIGN(x) * ratio), gy),)


def reference(
    x: np.ndarray, *, p: float = 2, axis: Axis = None, keepdims: bool = False
) -> np.ndarray:
    axes = resolve_axes("norm", x.ndim, axis)
    kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
    y = np.zeros(kept, x.dtype)
    for place in np.ndindex(y.shape):
        ranges = [range(x.shape[k]) if k in axes else (i,) for k, i in enumerate(place)]
        y[place] = _norm_of([_size(x[where]) for where in _product(ranges)], p)
    return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])


def _product(ranges: list[Any]) -> list[tuple[int, ...]]:
    places: list[tuple[int, ...]] = [()]
    for choices in ranges:
        places = [place + (i,) for place in places for i in choices]
    return places


def _size(v: Any) -> Any:
    """|v| of a real number or one just beside it; constant at 0, where the derivative is 0."""
    return -v if v.real < 0 else v if v.real != 0 else 0.0


def _norm_of(sizes: list[Any], p: float) -> Any:
    """The norm of numbers with a real part ≥ 0."""
    if p == 0:
        return sum(v != 0 for v in sizes)
    if any(v != v for v in sizes):
        return math.nan
    if math.isinf(p):
        best = (max if p > 0 else min)(v.real for v in sizes)
        ties = [v for v in sizes if v.real == best]
        return sum(ties) / len(ties)
    if not any(isinstance(v, complex) for v in sizes):
        return sum(v**p for v in sizes) ** (1 / p)
    total = sum(cmath.exp(p * cmath.log(v)) for v in sizes if v != 0)
    return cmath.exp(cmath.log(total) / p) if total != 0 else 0


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for p in (2, 1, 3, 0.7, 1.5, -1, math.inf, -math.inf):
        yield Sample((rng.normal(size=(3, 4)),), {"p": p, "axis": 1}, f"p = {p}")
    counted = np.array([[1.0, 0.0, -2.0], [0.0, 0.0, 0.5]])
    yield Sample((counted,), {"p": 0}, "p = 0", kink=True)
    for p in (0, 1, 3, math.inf):
        yield Sample((counted,), {"p": p, "axis": 1, "keepdims": True}, f"{p}, kept", kink=True)
    flat = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, -1.0], [1.0, 0.0, 0.0]])
    for p in (2, 1, 3, 1.5, 0.5, math.inf, -math.inf):
        yield Sample((flat,), {"p": p, "axis": 1}, f"zeros, p = {p}", kink=True)
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": (0, 2), "keepdims": True}, "two axes")
    yield Sample((rng.normal(size=(4, 3)).T,), {"axis": 0}, "not contiguous")
    yield Sample((rng.normal(size=()),), {}, "0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 1}, "empty batch")
    tied = np.array([[2.0, -2.0, 1.0], [0.5, 0.5, -0.5]])
    yield Sample((tied,), {"p": math.inf, "axis": 1}, "ties", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"axis": 5}, IndexError, "norm: dim 5 does not exist")
    yield ErrorSample((x[:0],), {"p": math.inf, "axis": 0}, ValueError, "the inf-norm of nothing")
    yield ErrorSample((np.arange(3),), {}, TypeError, "norm: x is a float tensor")


OP = Op(
    "norm", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
