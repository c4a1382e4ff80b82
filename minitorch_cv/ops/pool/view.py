"""How pooling windows lie on an image, and what may be said against it: shared by all pools."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair, check_fits, check_images, is_int, pair_from
from ..precision import widen
from .window_sum import OP as WINDOW_SUM
from .window_sum import Spans


class PoolView(NamedTuple):
    """Size, step and padding of pooling windows; every member is (height, width)."""

    kernel_size: Pair
    stride: Pair
    padding: Pair


def pool_view(op: str, kernel_size: Any, stride: Any, padding: Any) -> PoolView:
    """The arguments as pairs. Raises ValueError or TypeError for impossible ones."""
    kernel = pair_from(kernel_size, op, "kernel_size", 1)
    steps = kernel if stride is None else pair_from(stride, op, "stride", 1)
    return PoolView(kernel, steps, pair_from(padding, op, "padding", 0))


def check_view(op: str, x: Array, view: PoolView, dilation: Pair) -> None:
    """Raises ValueError where the windows do not fit the images."""
    check_pixels(op, x)
    for k, p in zip(view.kernel_size, view.padding, strict=True):
        if p > k // 2:
            raise ValueError(
                f"{op}: padding is at most half of kernel_size (got padding {p} for a kernel of "
                f"{k}); use padding={k // 2}"
            )
    PH, PW = view.padding
    check_fits(op, x, view.kernel_size, (2 * PH, 2 * PW), dilation)


def check_pixels(op: str, x: Array) -> None:
    """Raises ValueError unless x is (N, C, H, W) with at least one pixel (N alone may be 0)."""
    check_images(op, x)
    if min(x.shape[1:]) == 0:
        raise ValueError(
            f"{op}: the images have no pixels (got x {x.shape}); only the batch may be empty"
        )


def average(x: Array, rows: Spans, columns: Spans, divisors: Array) -> Array:
    """The sums of all windows divided by their divisors (OH, OW), in the dtype of x."""
    y = WINDOW_SUM(widen(x), rows=rows, columns=columns) / divisors
    return array_module(x).asarray(y, dtype=x.dtype)


def adaptive_size(op: str, output_size: Any, size: Pair) -> Pair:
    """(OH, OW) where None stands for the image's own size."""
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    numbers = [own if n is None else n for n, own in zip(wanted, size, strict=False)]
    if len(wanted) != 2 or not all(map(is_int, numbers)):
        raise TypeError(
            f"{op}: output_size is an int, None or a pair of them (got {output_size!r}); "
            "use e.g. output_size=(7, 7)"
        )
    if min(numbers) < 0:
        raise ValueError(f"{op}: output_size is at least 0 (got {output_size!r}); use 1 or more")
    return int(numbers[0]), int(numbers[1])


def adaptive_spans(size: int, count: int) -> Spans:
    """(start, stop) of `count` windows that share `size` rows: [⌊n S/O⌋, ⌈(n + 1) S/O⌉)."""
    return tuple((n * size // count, -(-(n + 1) * size // count)) for n in range(count))


def kept_apart(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of which no two are closer than 0.5, in random order: a maximum without ties."""
    count = math.prod(shape)
    return (rng.permutation(count) - count / 3 + rng.uniform(0, 0.5, count)).reshape(shape)
