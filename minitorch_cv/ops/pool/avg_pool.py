"""avg_pool: the mean of every window.

    y[n, c, p, q] = 1/D[p, q] Σ_{i, j} x̄[n, c, p SH + i − PH, q SW + j − PW]

where x̄ is x with zeros around it. D is `divisor_override` where that is given; else the number of
elements of the window that lie in the image or (count_include_pad) its padding. With ceil_mode the
last window may hang over the edge of the padding: what is beyond is counted by neither.
gx spreads gy / D over each window.

Shapes: x (N, C, H, W), or with one or three axes instead of H, W → y (N, C, OH, OW), a float dtype
or int64, whose means are cut off towards 0. OH = ⌊(H + 2 PH − KH) / SH⌋ + 1, or ⌈…⌉ with ceil_mode,
where a window must start inside the image or the padding before it; OW alike.
kernel_size, stride (default: kernel_size), padding (at most half a kernel): an int, or one for each
axis.
Raises: ValueError for sizes that do not fit or a divisor of 0, TypeError for dtypes and arguments
that are no integers.
Source: Y. LeCun et al. 1998, section II.B (subsampling); PyTorch's rules for the divisor. Verified
by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array
from ..geometry import is_int, numbers_from, output_size
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .view import (
    average,
    check_axes,
    check_bool,
    check_view,
    divisors_of,
    pool_view,
    spread_average,
)
from .window_sum import Sizes, Spans


class Saved(NamedTuple):
    spans: tuple[Spans, ...]
    size: Sizes
    divisors: Any  # (OH, OW), or one number for all


def check(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> None:  # fmt: skip
    check_axes("avg_pool", x)
    op = f"avg_pool{x.ndim - 2}d"
    view = pool_view(op, x.ndim - 2, kernel_size, stride, padding)
    check_view(op, x, view, (1,) * (x.ndim - 2), ceil_mode)
    check_bool(op, "count_include_pad", count_include_pad)
    if x.dtype.kind != "f" and x.dtype != "int64":
        raise TypeError(f"{op}: x is of a float dtype or int64 (got {x.dtype}); use x.float()")
    if divisor_override is not None and not is_int(divisor_override):
        raise TypeError(
            f"{op}: divisor_override is an int (got {divisor_override!r}); use None for the "
            "window's size"
        )
    if divisor_override == 0:
        raise ValueError(
            f"{op}: divisor_override cannot be 0 (got 0); use None for the window's size"
        )
    if x.ndim == 5 and any(k > m for k, m in zip(view.kernel_size, x.shape[2:], strict=True)):
        raise ValueError(  # PyTorch does not count the padding here, in three dimensions alone
            f"{op}: the kernel is larger than the image (got x {x.shape}, kernel_size "
            f"{view.kernel_size}); use a larger image or a smaller kernel"
        )


def forward(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> tuple[Array, Saved]:  # fmt: skip
    size = x.shape[2:]
    view = pool_view("avg_pool", len(size), kernel_size, stride, padding)
    axes = [
        _windows(*numbers, ceil_mode, count_include_pad)
        for numbers in zip(size, *view, strict=True)
    ]
    spans, counts = tuple(axis[0] for axis in axes), tuple(axis[1] for axis in axes)
    divisors = divisor_override or divisors_of(x, counts)
    return average(x, spans, divisors), Saved(spans, size, divisors)


def _windows(
    size: int, k: int, s: int, p: int, ceil_mode: bool, count_include_pad: bool
) -> tuple[Spans, list[int]]:
    """(start, stop) of every window in the image, and how many rows of it the divisor counts."""
    spans, counted = [], []
    for n in range(output_size(size, k, s, 2 * p, 1, ceil_mode)):
        start = n * s - p
        stop = min(start + k, size + p)
        low, high = max(start, 0), min(stop, size)  # a window holds at least one pixel: p ≤ k / 2
        spans.append((low, high))
        counted.append(stop - start if count_include_pad else high - low)
    return tuple(spans), counted


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    return (spread_average(gy, *saved),)


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> np.ndarray:  # fmt: skip
    n = x.ndim - 2
    kernel, pads = (numbers_from(value, n, "", "", 0) for value in (kernel_size, padding))
    steps = kernel if stride is None else numbers_from(stride, n, "", "", 1)
    counts = []
    for size, k, s, p in zip(x.shape[2:], kernel, steps, pads, strict=True):
        fits = (size + 2 * p - k) // s + 1
        # one more where something is left over, unless it would start beyond the image
        counts.append(fits + (ceil_mode and (size + 2 * p - k) % s > 0 and fits * s < size + p))
    y = np.zeros((*x.shape[:2], *counts), x.dtype)
    for where in np.ndindex(y.shape):
        count = 0
        for tap in np.ndindex(*kernel):
            place = [m * s + i - p for m, s, i, p in zip(where[2:], steps, tap, pads, strict=True)]
            inside = all(0 <= r < size for r, size in zip(place, x.shape[2:], strict=True))
            if inside:
                y[where] += x[where[:2] + tuple(place)]
            near = all(r < m + p for r, m, p in zip(place, x.shape[2:], pads, strict=True))
            count += inside or (count_include_pad and near)
        mean = y[where] / (divisor_override or count)
        y[where] = int(mean) if x.dtype.kind == "i" else mean
    return y


_CASES: tuple[tuple[str, tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 2, 4, 6), {"kernel_size": 2}),
    ("overlapping windows", (1, 2, 5, 6), {"kernel_size": (3, 2), "stride": (2, 1)}),
    ("padding", (2, 1, 5, 4), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("padding not counted", (1, 2, 4, 5),
     {"kernel_size": (3, 4), "stride": 1, "padding": (1, 2), "count_include_pad": False}),
    ("ceil", (1, 1, 5, 7), {"kernel_size": 2, "ceil_mode": True}),
    ("ceil, hanging over the padding", (1, 1, 6, 7),
     {"kernel_size": 4, "stride": 3, "padding": 1, "ceil_mode": True}),
    ("ceil, padding not counted", (1, 1, 6, 7),
     {"kernel_size": 4, "stride": 3, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
    ("ceil, last window would start in the padding", (1, 1, 4, 5),
     {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    ("ceil, kernel larger than the image", (1, 1, 3, 4),
     {"kernel_size": (4, 3), "stride": 2, "ceil_mode": True}),
    ("divisor", (1, 1, 4, 4), {"kernel_size": 3, "stride": 1, "padding": 1, "divisor_override": 5}),
    ("windows with gaps between them", (1, 1, 5, 5), {"kernel_size": 1, "stride": 3}),
    ("one axis", (2, 3, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("three axes", (1, 2, 4, 5, 3),
     {"kernel_size": (2, 3, 1), "stride": (1, 2, 2), "padding": (1, 1, 0)}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((rng.normal(size=shape),), params, label)
    x = rng.normal(size=(5, 4, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 3, "stride": 1}, "not contiguous")
    whole = rng.integers(-9, 10, (1, 2, 5, 4))
    for divisor in (None, 3, -2):
        params = {"kernel_size": 3, "stride": 1, "padding": 1, "divisor_override": divisor}
        yield Sample((whole,), params, f"integers, divisor {divisor}")
    yield Sample((whole,), {"kernel_size": 2, "divisor_override": 1}, "integers, sums")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))

    def bad(words: str, x: Any, error: type[Exception] = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"kernel_size": 2, **params}, error, words)

    yield bad("avg_pool: images are (N, C, W), (N, C, H, W) or (N, C, D, H, W) (got", x[0, 0])
    yield bad("but the kernel covers 1·(5 − 1) + 1 = 5", x, kernel_size=5)
    yield bad("avg_pool1d: padding is at most half of kernel_size (got padding 2", x[0], padding=2)
    yield bad("avg_pool2d: kernel_size is at least 1", x, kernel_size=(2, 0))
    yield bad("avg_pool2d: stride is at least 1", x, stride=0)
    yield bad("avg_pool2d: padding is at least 0", x, padding=-1)
    yield bad("divisor_override cannot be 0", x, divisor_override=0)
    yield bad("divisor_override is an int (got 2.0)", x, divisor_override=2.0, error=TypeError)
    yield bad("the images have no pixels", x[..., :0])
    yield bad("avg_pool3d: the kernel is larger than the image", x[None], kernel_size=3, padding=1)
    yield bad("kernel_size is an int or 2 ints", x, kernel_size=2.0, error=TypeError)
    yield bad("count_include_pad is True or False", x, count_include_pad=1, error=TypeError)
    yield bad("x is of a float dtype or int64 (got int32)", x.astype(np.int32), error=TypeError)


OP = Op(
    "avg_pool", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
