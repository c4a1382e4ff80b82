"""What is asked of a library of convolutions: a `Problem`, and who solves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..launch import device_of

Sizes = tuple[int, ...]
FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT = "forward", "input gradient", "weight gradient"
CHANNELS_SECOND, CHANNELS_LAST = "channels second", "channels last"
ALIGNMENT = 16  # bytes: a library may read so many at once, whatever the type


class Problem(NamedTuple):
    """One of the three products of a convolution of images or volumes.

    x (N, C, H, W), w (OC, C/G, KH, KW), y (N, OC, OH, OW): shapes, in this order however the arrays
    lie. before, after: the zeros at both ends of each axis. dtype: also "bfloat16", whose arrays
    are of uint16. layout: how all three lie in memory.
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
    layout: str = CHANNELS_SECOND

    def __str__(self) -> str:
        window = f"stride {self.stride}, padding {self.before} {self.after}"
        return (
            f"{self.kind} in {self.dtype}, x {self.x}, w {self.w}, y {self.y}, {window}, "
            f"dilation {self.dilation}"
        )


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


def form_for(task: Problem, forms: Sequence[Any], x: Any) -> Any:
    """The form in which the library on the device of x solves a problem best; None: in none.

    It has no way for an image that is cut off at its end.
    """
    gpu = device_of(x)
    solver = gpu.convolutions
    if solver is None or min(task.after) < 0:
        return None
    layout = solver.layout(task, tuple(form.layout for form in forms), gpu.place(x))
    return next((form for form in forms if form.layout == layout), None)


def solve(task: Problem, form: Any, **given: Any) -> Any:
    """The product that is missing of x, w and y, from the two others; in `form`, each of them."""
    gpu = device_of(next(iter(given.values())))
    arrays = {name: aligned(array) for name, array in given.items()}
    (missing,) = {"x", "w", "y"} - set(given)
    arrays[missing] = form.empty(gpu, getattr(task, missing), task.dtype)
    gpu.convolutions.run(task._replace(layout=form.layout), **arrays)
    return arrays[missing]


def aligned(array: Any) -> Any:
    """A copy where an array does not begin at a multiple of ALIGNMENT, as a view may not."""
    return array if device_of(array).address(array) % ALIGNMENT == 0 else array.copy()
