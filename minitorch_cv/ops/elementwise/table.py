"""How a row of the elementwise table becomes an op.

A row is a name, a forward on one line, a derivative on one line for each input, and a naive
reference for a single number. The arguments that a derivative names (`x`, `y`, `a`, `b`) are what
its op saves, and nothing else is kept alive.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module, library_of
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_float, widen
from .blocks import by_blocks
from .broadcast import broadcast_shapes, sum_to


class UnarySaved(NamedTuple):
    x: Any  # the input, where the derivative names it
    y: Any  # the output, where the derivative names it
    params: dict[str, Any]


class BinarySaved(NamedTuple):
    a: Any
    b: Any
    y: Any
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]


def like(g: Array, model: Array) -> Array:
    """`g` in the dtype of `model` (NumPy 1 turns a 0-d float32 times a number into float64)."""
    if g.dtype == model.dtype:
        return g
    return array_module(g).asarray(g, dtype=model.dtype)


def unary(
    name: str,
    forward: Callable[..., Any],
    derivative: Callable[..., Any],
    reference: Callable[..., Any],
    *,
    low: float = -2.0,
    high: float = 2.0,
    avoid: tuple[float, ...] = (),
    grid: tuple[dict[str, Any], ...] = ({},),
    whole: bool = False,
    long: bool = False,
    refuse: Callable[..., str | None] | None = None,
    bad: dict[str, Any] | None = None,
) -> Op:
    """An op of one input. float16 is computed in float32, and its result rounded once.

    forward(xp, x, **params) -> y; derivative(xp, gy, [x,] [y,] **params) -> gx;
    reference(x, **params) -> y for one number, real or complex.
    low, high: where samples are drawn; avoid: kinks that samples keep away from;
    grid: the keyword arguments that samples try; whole: integers are welcome (and give integers).
    long: made of many steps, which large arrays take block by block.
    refuse(**params): what is wrong with the keyword arguments, None where nothing is; bad: an
    example of arguments that are refused.
    """
    wanted = derivative.__code__.co_varnames[: derivative.__code__.co_argcount]
    needs_x, needs_y = "x" in wanted, "y" in wanted

    value, slope = (by_blocks(forward), by_blocks(derivative)) if long else (forward, derivative)

    def run_forward(x: Array, **params: Any) -> tuple[Array, UnarySaved]:
        wide = widen(x) if x.dtype.char == "e" else x  # (asked here, to save a call)
        y = like(value(array_module(x), wide, **params), x)
        return y, UnarySaved(x if needs_x else None, y if needs_y else None, params)

    def run_backward(gy: Array, saved: UnarySaved, needs: Needs) -> Grads:
        if not needs[0]:
            return (None,)
        kept = [widen(saved.x)] if needs_x else []
        if needs_y:
            kept.append(widen(saved.y))
        return (like(slope(array_module(gy), widen(gy), *kept, **saved.params), gy),)

    def run_reference(x: np.ndarray, **params: Any) -> np.ndarray:
        y = np.zeros_like(x)
        for where in np.ndindex(x.shape):
            y[where] = _number(reference, x[where], **params)
        return y

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for params, (shape, label) in itertools.product(grid, _SHAPES):
            x = rng.uniform(low, high, shape)
            for kink in avoid:  # further from the kink than any finite difference reaches
                x = np.where(abs(x - kink) < 0.05, kink + 0.1, x)
            yield Sample((x,), params, f"{label} {params or ''}".strip())
        for params in grid if avoid else ():
            yield Sample((np.array(avoid),), params, f"kinks {params or ''}".strip(), kink=True)

    def check(x: Array, **params: Any) -> None:
        if not whole:
            check_float(name, "x", x)
        if refuse is not None and (complaint := refuse(**params)):
            raise ValueError(f"{name}: {complaint}")

    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        if not whole:  # the result, kept as integers, would be cut off
            text = f"{name}: x is a float tensor"
            yield ErrorSample((np.array([1, 2]),), grid[0], TypeError, text)
        if bad is not None:
            yield ErrorSample((rng.uniform(low, high, 3),), bad, ValueError, f"{name}: ")

    judged = not whole or refuse is not None

    op = Op(
        name, run_forward, run_backward, UnarySaved, reference=run_reference, samples=samples,
        check=check if judged else None, error_samples=error_samples if judged else None,
        inputs=("x",), source=forward.__code__.co_filename,
    )  # fmt: skip
    return _keep_only(op, {"x": needs_x, "y": needs_y})


def _number(reference: Callable[..., Any], *numbers: Any, **params: Any) -> Any:
    """The reference of one number. Real numbers give a real one, or NaN where there is none."""
    if any(isinstance(number, complex) for number in numbers):
        return reference(*numbers, **params)
    try:
        value = complex(reference(*numbers, **params))
    except (ValueError, OverflowError):  # outside the domain of Python's functions
        return np.nan
    return np.nan if abs(value.imag) > 1e-12 else value.real


_SHAPES = (((3, 4), "matrix"), ((), "0-d"), ((2, 1, 3), "3-d"), ((0, 3), "empty"))


def binary(
    name: str,
    forward: Callable[..., Any],
    derivative_a: Callable[..., Any],
    derivative_b: Callable[..., Any],
    reference: Callable[..., Any],
    *,
    low: float = -2.0,
    high: float = 2.0,
    apart: float = 0.0,
    special: dict[str, tuple[list[Any], list[Any]]] | None = None,
) -> Op:
    """An op of two inputs that are broadcast against each other; either may be a Python number.

    forward(xp, a, b) -> y; derivative_a(xp, gy, [a,] [b,] [y]) -> ga, and derivative_b likewise.
    apart: how far samples keep a and b apart (ties are kinks of maximum and minimum).
    special: further samples by label, a and b, at points that have no derivative or of integers.
    """
    names = [
        set(d.__code__.co_varnames[: d.__code__.co_argcount]) for d in (derivative_a, derivative_b)
    ]
    keep_a, keep_b, keep_y = ("a" in names[0] | names[1], "b" in names[0] | names[1],
                              "y" in names[0] | names[1])  # fmt: skip

    def check(a: Any, b: Any) -> None:
        shape_a, shape_b = getattr(a, "shape", ()), getattr(b, "shape", ())
        if shape_a != shape_b:
            broadcast_shapes(name, shape_a, shape_b)

    def run_forward(a: Any, b: Any) -> tuple[Array, BinarySaved]:
        y = forward(array_module(a, b), a, b)
        saved = BinarySaved(
            a if keep_a else None, b if keep_b else None, y if keep_y else None,
            getattr(a, "shape", ()), getattr(b, "shape", ()),
        )  # fmt: skip
        return y, saved

    def run_backward(gy: Array, saved: BinarySaved, needs: Needs) -> Grads:
        xp = array_module(gy)
        values = {"a": saved.a, "b": saved.b, "y": saved.y}
        ga = gb = None
        if needs[0]:
            kept = {key: values[key] for key in names[0] & values.keys()}
            ga = sum_to(like(derivative_a(xp, gy, **kept), gy), saved.shape_a)
        if needs[1]:
            kept = {key: values[key] for key in names[1] & values.keys()}
            gb = sum_to(like(derivative_b(xp, gy, **kept), gy), saved.shape_b)
        return ga, gb

    def run_reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        full_a, full_b = np.broadcast_arrays(a, b)
        y = np.zeros(full_a.shape, np.result_type(full_a, full_b))
        for where in np.ndindex(y.shape):
            y[where] = _number(reference, full_a[where], full_b[where])
        return y

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for shape_a, shape_b, label in _PAIRS:
            a, b = rng.uniform(low, high, shape_a), rng.uniform(low, high, shape_b)
            while apart and a.size and b.size and np.min(abs(a - b)) < apart:
                a, b = rng.uniform(low, high, shape_a), rng.uniform(low, high, shape_b)
            yield Sample((a, b), {}, label)
        if apart:
            tied = rng.uniform(low, high, (2, 3))
            yield Sample((tied, tied.copy()), {}, "ties", kink=True)
        for label, pair in (special or {}).items():
            yield Sample(tuple(map(np.array, pair)), {}, label, kink=True)

    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        bad = (rng.uniform(low, high, (2, 3)), rng.uniform(low, high, (2, 4)))
        yield ErrorSample(bad, {}, ValueError, f"{name}: shapes (2, 3) and (2, 4)")

    op = Op(
        name, run_forward, run_backward, BinarySaved, reference=run_reference, samples=samples,
        check=check, error_samples=error_samples, inputs=("a", "b"),
        source=forward.__code__.co_filename,
    )  # fmt: skip
    return _keep_only(op, {"a": keep_a, "b": keep_b, "y": keep_y})


_PAIRS = (
    ((3, 4), (3, 4), "same shape"),
    ((2, 3, 4), (4,), "b broadcast on the left"),
    ((3, 1), (1, 4), "both broadcast"),
    ((1, 3, 4), (3, 1), "b broadcast on the left and on the right"),
    ((), (2, 3), "0-d with matrix"),
    ((0, 3), (1, 3), "empty"),
)


def _keep_only(op: Op, kept: dict[str, bool]) -> Op:
    """Tells the tape which of the saved fields are in use, so that it guards only those."""
    op.saved_inputs = tuple(i for i, name in enumerate(op.inputs) if kept[name])
    op.saves_output = kept["y"]
    return op


def is_scalar(value: Any) -> bool:
    """True for a Python or NumPy number (which lies on no device)."""
    return library_of(value) is None
