"""How a row of the table of losses becomes an op: an error for each pair of values, reduced.

A row (in `elementwise.py`) is a name, the error on one line, its derivative for x and for the
target on one line each, and a naive reference for two numbers. What all of them share is here: the
two are broadcast, the errors e become

    y = e ('none'),  Σ e ('sum'),  Σ e / n ('mean', n errors; NaN where there are none)

and gradients are divided by the same n and summed back over what was broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import broadcast_shapes, sum_to
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen
from .targets import check_reduction


class Saved(NamedTuple):
    x: Array
    target: Array
    reduction: str
    params: dict[str, Any]


def error(
    name: str,
    value: Callable[..., Any],
    slope_x: Callable[..., Any],
    slope_target: Callable[..., Any],
    reference: Callable[..., Any],
    *,
    judge: Callable[..., None] | None = None,
    low: float = -2.0,
    high: float = 2.0,
    kinks: Callable[..., tuple[float, ...]] = lambda **params: (),
    grid: tuple[dict[str, Any], ...] = ({},),
    bad: tuple[tuple[dict[str, Any], str], ...] = (),
) -> Op:
    """An op of x and a target.

    value(xp, x, t, **params) -> e; slope_x(xp, g, x, t, **params) -> gx, slope_target likewise;
    reference(x, t, **params) -> e for two numbers, real or complex.
    judge(name, **params) raises for parameters that make no sense; bad: such, with words of the
    message. low, high: where samples are drawn; kinks(**params): the x − t they keep away from.
    """

    def check(x: Array, target: Array, *, reduction: str = "mean", **params: Any) -> None:
        check_pair(name, x, target, reduction)
        if judge is not None:
            judge(name, **params)

    def forward(
        x: Array, target: Array, *, reduction: str = "mean", **params: Any
    ) -> tuple[Array, Saved]:
        errors = value(array_module(x), widen(x), widen(target), **params)
        y = array_module(x).asarray(reduce_errors(errors, reduction), dtype=x.dtype)
        return y, Saved(x, target, reduction, params)

    def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
        xp = array_module(gy)
        x, t = widen(saved.x), widen(saved.target)
        shape = broadcast_shapes(name, x.shape, t.shape)
        g = share(widen(gy), shape, saved.reduction)
        gx = gt = None
        if needs[0]:
            gx = like(sum_to(slope_x(xp, g, x, t, **saved.params), x.shape), saved.x)
        if needs[1]:
            gt = like(sum_to(slope_target(xp, g, x, t, **saved.params), t.shape), saved.target)
        return gx, gt

    def run_reference(
        x: np.ndarray, target: np.ndarray, *, reduction: str = "mean", **params: Any
    ) -> np.ndarray:
        return loop(lambda a, b: reference(a, b, **params), x, target, reduction)

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for params in grid:
            yield from draw_samples(rng, low, high, kinks(**params), params)

    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        x = rng.uniform(low, high, (2, 3))
        yield from pair_errors(name, x, grid[0])
        for params, words in bad:
            yield ErrorSample((x, x), params, ValueError, words)

    return Op(
        name, forward, backward, Saved, check=check, reference=run_reference, samples=samples,
        error_samples=error_samples, inputs=("x", "target"), source=value.__code__.co_filename,
    )  # fmt: skip


def check_pair(op: str, x: Array, target: Array, reduction: str) -> None:
    """Raises where x and target cannot be compared."""
    check_reduction(op, reduction)
    check_float(op, "x", x)
    if target.dtype != x.dtype:
        raise TypeError(
            f"{op}: x and target have one dtype (got {x.dtype} and {target.dtype}); use "
            "target.to(x.dtype)"
        )
    if x.shape != target.shape:
        broadcast_shapes(op, x.shape, target.shape)


def reduce_errors(errors: Array, reduction: str) -> Array:
    """The errors themselves, their sum, or their mean (NaN where there are none)."""
    if reduction == "none":
        return errors
    total = array_module(errors).sum(errors)
    return total if reduction == "sum" else total / np.float64(math.prod(errors.shape))


def share(gy: Array, shape: tuple[int, ...], reduction: str) -> Array:
    """(…): the gradient of each error: gy, or its n-th part for the mean of n."""
    g = gy / max(math.prod(shape), 1) if reduction == "mean" else gy
    return array_module(g).broadcast_to(g, shape)


def loop(
    error: Callable[[Any, Any], Any], x: np.ndarray, target: np.ndarray, reduction: str
) -> np.ndarray:
    """The reference: over one pair after the other."""
    a, b = np.broadcast_arrays(x, target)
    errors = np.zeros(a.shape, np.result_type(x, target))
    for where in np.ndindex(a.shape):
        value = error(a[where], b[where])
        errors[where] = value if errors.dtype.kind == "c" else value.real
    if reduction == "none":
        return errors
    total = sum((errors[where] for where in np.ndindex(a.shape)), errors.dtype.type(0))
    return np.asarray(total if reduction == "sum" else total / np.float64(errors.size))


_SHAPES = (
    ((3, 4), (3, 4), "mean", "matrix"),
    ((3, 4), (3, 4), "sum", "sum"),
    ((2, 3, 2), (2, 3, 2), "none", "none"),
    ((), (), "mean", "0-d"),
    ((1,), (1,), "none", "size 1"),
    ((4, 3), (1, 3), "mean", "target broadcast"),
    ((4, 1), (4, 3), "none", "x broadcast"),
    ((0, 3), (0, 3), "sum", "empty batch"),
)


def draw_samples(
    rng: np.random.Generator,
    low: float,
    high: float,
    kinks: tuple[float, ...],
    params: dict[str, Any],
) -> Iterable[Sample]:
    """x and target of many shapes, whose difference is further from the kinks than 0.01."""

    def draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
        while True:
            x, t = (rng.uniform(low, high, shape) for shape in shapes)
            gaps = np.array([np.min(abs(x - t - kink), initial=1.0) for kink in kinks])
            if (gaps > 0.01).all():
                return [np.asarray(x), np.asarray(t)]

    for shape_x, shape_t, reduction, label in _SHAPES:
        arrays = draw(shape_x, shape_t)
        yield Sample(tuple(arrays), {"reduction": reduction, **params}, f"{label} {params or ''}")
    x, t = draw((3, 4), (3, 4))
    yield Sample((x.T, t.T), params, "not contiguous")
    if kinks:  # x − t right at the kinks, in steps that floats hold exactly
        t = np.round(rng.uniform(low, high, len(kinks)) * 4) / 4
        yield Sample((t + kinks, t), {"reduction": "none", **params}, "kinks", kink=True)


def pair_errors(op: str, x: np.ndarray, params: dict[str, Any]) -> Iterable[ErrorSample]:
    """The bad inputs of all rows."""
    whole, bad = np.arange(3), {**params, "reduction": "avg"}
    yield ErrorSample((x, x[:, :2]), params, ValueError, f"{op}: shapes (2, 3) and (2, 2)")
    yield ErrorSample((x, x), bad, ValueError, f"{op}: no such reduction")
    yield ErrorSample((whole, whole), params, TypeError, f"{op}: x is a float tensor")
    yield ErrorSample((x, x > 0), params, TypeError, f"{op}: x and target have one dtype")
    single = x.astype(np.float32)
    yield ErrorSample((x, single), params, TypeError, f"{op}: x and target have one dtype")
