"""How pooling windows lie on images of one, two or three axes, and what may be said against it.

Shared by all pools. `Sizes` are n numbers, one for each axis of the image: (height, width) where
n = 2, (depth, height, width) where n = 3.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..geometry import is_int, numbers_from, output_size
from ..precision import widen
from .window_sum import OP as WINDOW_SUM
from .window_sum import WINDOW_SPREAD, Sizes, Spans

AXES = ("depth", "height", "width")


class PoolView(NamedTuple):
    """Size, step and padding of pooling windows along each axis of the image."""

    kernel_size: Sizes
    stride: Sizes
    padding: Sizes


def pool_view(op: str, n: int, kernel_size: Any, stride: Any, padding: Any) -> PoolView:
    """The arguments as n numbers each. Raises ValueError or TypeError for impossible ones."""
    kernel = numbers_from(kernel_size, n, op, "kernel_size", 1)
    own = stride is None or stride in ((), [])
    steps = kernel if own else numbers_from(stride, n, op, "stride", 1)
    return PoolView(kernel, steps, numbers_from(padding, n, op, "padding", 0))


def window_counts(size: Sizes, view: PoolView, dilation: Sizes, ceil_mode: bool) -> Sizes:
    """How many windows there are along each axis."""
    return tuple(
        output_size(length, k, s, 2 * p, d, ceil_mode)
        for length, k, s, p, d in zip(size, *view, dilation, strict=True)
    )


def check_view(op: str, x: Array, view: PoolView, dilation: Sizes, ceil_mode: bool) -> None:
    """Raises ValueError where the windows do not fit the images."""
    check_bool(op, "ceil_mode", ceil_mode)
    check_pixels(op, x)
    for k, p in zip(view.kernel_size, view.padding, strict=True):
        if p > k // 2:
            raise ValueError(
                f"{op}: padding is at most half of kernel_size (got padding {p} for a kernel of "
                f"{k}); use padding={k // 2}"
            )
    size = x.shape[2:]
    for axis, count in enumerate(window_counts(size, view, dilation, ceil_mode)):
        if count < 1:
            k, p, d = view.kernel_size[axis], 2 * view.padding[axis], dilation[axis]
            raise ValueError(
                f"{op}: the kernel is larger than the padded input (got {axis_name(x, axis)} "
                f"{size[axis]} + {p} of padding = {size[axis] + p}, but the kernel covers "
                f"{d}·({k} − 1) + 1 = {d * (k - 1) + 1}); use a larger image, more padding or a "
                "smaller kernel"
            )


def axis_name(x: Array, axis: int) -> str:
    """depth, height or width: the axis of the image counted from 0."""
    return AXES[axis - (x.ndim - 2)]


def check_bool(op: str, name: str, value: Any) -> None:
    """Raises TypeError for anything but True and False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{op}: {name} is True or False (got {value!r}); use {name}=True")


def check_axes(op: str, x: Array) -> None:
    """Raises ValueError unless x has a batch axis, a channel axis and one to three more."""
    if not 3 <= x.ndim <= 5:
        raise ValueError(
            f"{op}: images are (N, C, W), (N, C, H, W) or (N, C, D, H, W) (got x {x.shape}); "
            "reshape x to three, four or five axes"
        )


def check_pixels(op: str, x: Array, first: int = 1) -> None:
    """Raises ValueError where one of the axes from the `first` on is of size 0."""
    if min(x.shape[first:]) == 0:
        raise ValueError(
            f"{op}: the images have no pixels (got x {x.shape}); only the batch may be empty"
        )


def divisors_of(x: Array, counts: tuple[list[int], ...]) -> Any:
    """The sizes of all windows, counts[0][p] · counts[1][q] · …; one number where all are equal."""
    if all(len(set(along)) == 1 for along in counts):
        return math.prod(along[0] for along in counts)
    xp, last = array_module(x), len(counts) - 1
    dtype = np.float32 if x.dtype.kind == "f" else x.dtype  # float16 counts to 2048 alone
    factors = [
        xp.reshape(xp.asarray(along, dtype=dtype), (len(along),) + (1,) * (last - axis))
        for axis, along in enumerate(counts)
    ]
    return reduce(lambda a, b: a * b, factors)


def average(x: Array, spans: tuple[Spans, ...], divisors: Any) -> Array:
    """The sums of all windows divided by their divisors, in the dtype of x.

    Integers are divided as C does it, towards 0.
    """
    total = WINDOW_SUM(widen(x), spans=spans)
    if x.dtype.kind == "f":
        return like(total / divisors, x)
    quotient = abs(total) // abs(divisors)
    return array_module(x).sign(total * divisors) * quotient


def spread_average(gy: Array, spans: tuple[Spans, ...], size: Sizes, divisors: Any) -> Array:
    """The gradient of `average`: each gy, divided, spread over its window."""
    return like(WINDOW_SPREAD(widen(gy) / divisors, spans=spans, size=size), gy)


def adaptive_size(op: str, output_size: Any, size: Sizes) -> Sizes:
    """The wanted size of the output, where None stands for the image's own."""
    n = len(size)
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    numbers = [own if m is None else m for m, own in zip(wanted, size, strict=False)]
    if len(wanted) != n or not all(map(is_int, numbers)):
        many = f"{n} of them" if n > 1 else "a tuple with one"
        raise TypeError(
            f"{op}: output_size is an int, None or {many} (got {output_size!r}); "
            f"use e.g. output_size={(7,) * n}"
        )
    if min(numbers) < 0:
        raise ValueError(f"{op}: output_size is at least 0 (got {output_size!r}); use 1 or more")
    return tuple(int(m) for m in numbers)


def adaptive_spans(size: int, count: int) -> Spans:
    """(start, stop) of `count` windows that share `size` rows: [⌊n S/O⌋, ⌈(n + 1) S/O⌉)."""
    return tuple((n * size // count, -(-(n + 1) * size // count)) for n in range(count))


def kept_apart(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of which no two are closer than 0.5, in random order: a maximum without ties."""
    count = math.prod(shape)
    return (rng.permutation(count) - count / 3 + rng.uniform(0, 0.5, count)).reshape(shape)
