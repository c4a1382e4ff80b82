"""What is asked of a library of convolutions: a `Problem`, and who solves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..launch import device_of

Sizes = tuple[int, ...]
FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT = "forward", "input gradient", "weight gradient"


class Problem(NamedTuple):
    """One of the three products of a convolution of images or volumes.

    x (N, C, H, W), w (OC, C/G, KH, KW), y (N, OC, OH, OW): shapes, channels second in name, last in
    memory. before, after: the zeros at both ends of each axis. dtype: also "bfloat16", whose arrays
    are of uint16.
    """

    kind: str
    dtype: str
    x: Sizes
    w: Sizes
    y: Sizes
    before: Sizes
    after: Sizes
    stride: Sizes
    dilation: Sizes


class Plan(NamedTuple):
    """What the op saves, field by field: its window, what is added at the end, and the groups."""

    view: tuple[Sizes, Sizes, Sizes, Sizes]  # kernel, stride, padding, dilation
    extra: Sizes
    groups: int


class Shapes(NamedTuple):
    """Of the images that a convolution reads, its weight, and the images that it makes."""

    x: Sizes
    w: Sizes
    y: Sizes


def problem(kind: str, dtype: str, shapes: Shapes, plan: Plan) -> Problem:
    """As the library has it: a sequence is an image of one row."""
    _, stride, padding, dilation = plan.view
    after = tuple(p + e for p, e in zip(padding, plan.extra, strict=True))
    row = len(shapes.x) == 3  # the axes of space, with one of size 1 before them
    x, w, y = ((*s[:2], *((1,) if row else ()), *s[2:]) for s in shapes)
    none, one = ((0,), (1,)) if row else ((), ())
    pads, steps = (none + padding, none + after), (one + stride, one + dilation)
    return Problem(kind, dtype, x, w, y, *pads, *steps)


def axes(value: Any, n: int) -> Sizes:
    """n numbers, one for each axis."""
    given = tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)
    return given if len(given) == n else given * n


def solvable(problems: Sequence[Problem], x: Any) -> bool:
    """Is there a library on the device of x, and has it a way for each problem?

    It has none for an image that is cut off at its end.
    """
    gpu = device_of(x)
    solver = gpu.convolutions
    return solver is not None and all(
        min(p.after) >= 0 and solver.supports(p, gpu.place(x)) for p in problems
    )


def solve(task: Problem, form: Any, **given: Any) -> Any:
    """The product that is missing of x, w and y, from the two others; channels last in each."""
    gpu = device_of(next(iter(given.values())))
    (missing,) = {"x", "w", "y"} - set(given)
    given[missing] = form.empty(gpu, getattr(task, missing), task.dtype)
    gpu.convolutions.run(task, given["x"], given["w"], given["y"])
    return given[missing]
