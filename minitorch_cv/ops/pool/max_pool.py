"""max_pool: the largest number of every window, and where in the image it was.

    y[n, c, p, q] = max_{i, j} x[n, c, p SH + i DH − PH, q SW + j DW − PW]

over the elements that lie inside the image: padding never wins. gx adds gy[n, c, p, q] to the one
element that won. At a tie the first in row-major order wins; a NaN wins over all numbers (and the
last NaN over the others), as in PyTorch. A window that dilation carries past all pixels answers −∞
(the least number of an integer dtype), and no gradient comes from it.

Shapes: x (N, C, H, W), or with one or three axes instead of H, W → y (N, C, OH, OW) and indices of
the same shape, int64: the place row · W + column of the winner in its image.
OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, or ⌈…⌉ with ceil_mode, where a window must start
inside the image or the padding before it; OW alike. kernel_size, stride (default: kernel_size),
padding (at most half a kernel), dilation: an int, or one for each axis.
Raises: ValueError for sizes that do not fit, TypeError for booleans and for arguments that are no
integers.
Source: J. Weng et al., "Cresceptron", 1992 (max pooling); PyTorch's rules for ties, NaN and
ceil_mode. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import numbers_from
from ..op import ErrorSample, Op, Sample
from .view import PoolView, check_axes, check_view, kept_apart, pool_view, window_counts
from .window_sum import Sizes
from .winner import Saved, backward, flat_places, lowest, winners


def check(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> None:  # fmt: skip
    check_axes("max_pool", x)
    op = f"max_pool{x.ndim - 2}d"
    view = pool_view(op, x.ndim - 2, kernel_size, stride, padding)
    gaps = numbers_from(dilation, x.ndim - 2, op, "dilation", 1)
    check_view(op, x, view, gaps, ceil_mode)
    if x.dtype.kind == "b":
        raise TypeError(f"{op}: x holds numbers (got {x.dtype}); use x.float()")


def forward(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[Array, Array], Saved]:  # fmt: skip
    xp = array_module(x)
    size = x.shape[2:]
    view = pool_view("max_pool", len(size), kernel_size, stride, padding)
    gaps = numbers_from(dilation, len(size), "max_pool", "dilation", 1)
    counts = window_counts(size, view, gaps, ceil_mode)
    starts = [
        xp.asarray([_start(n, s, p, d) for n in range(count)])
        for count, s, p, d in zip(counts, view.stride, view.padding, gaps, strict=True)
    ]
    first = flat_places(xp, starts, size)
    y, indices = winners(x, (*x.shape[:2], *counts), first, _taps(x, view, gaps, counts))
    # Where the first window begins behind the image, no other one fits along that axis.
    begins = [_start(0, s, p, d) for s, p, d in zip(view.stride, view.padding, gaps, strict=True)]
    empty = any(start >= length for start, length in zip(begins, size, strict=True))
    return (y, indices), Saved(indices, size, empty)


def _start(n: int, stride: int, padding: int, dilation: int) -> int:
    """Where the first element of the n-th window lies that is not in the padding before x."""
    start = n * stride - padding
    return start if start >= 0 else start + dilation * -(start // dilation)


def _taps(x: Array, view: PoolView, gaps: Sizes, counts: Sizes) -> Iterator[tuple[Array, Array]]:
    """For each element of the kernel: what it meets in all windows, and where that lies."""
    xp = array_module(x)
    size = x.shape[2:]
    axes = list(zip(*view, gaps, counts, size, strict=True))
    # The padded image reaches as far as the last window does, which ceil_mode may move further out.
    reach = [(count - 1) * s + d * (k - 1) + 1 for k, s, _, d, count, _ in axes]
    middle = [slice(p, p + length) for _, _, p, _, _, length in axes]
    ends = [max(far, inner.stop) for far, inner in zip(reach, middle, strict=True)]
    padded = x
    if tuple(ends) != size:
        padded = xp.full((*x.shape[:2], *ends), lowest(x), dtype=x.dtype)
        inside = (slice(None), slice(None), *middle)
        padded[inside] = x
    for tap in product(*map(range, view.kernel_size)):
        met, places = [slice(None), slice(None)], []
        for i, (_, s, p, d, count, _) in zip(tap, axes, strict=True):
            met.append(slice(i * d, i * d + s * (count - 1) + 1, s))
            places.append(s * xp.arange(count) + (i * d - p))
        yield padded[tuple(met)], flat_places(xp, places, size)


def _starts(size: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> list[int]:
    """Where the windows start, found by walking along the axis."""
    last = size + p - d * (k - 1) - 1  # the last start of a window that fits
    starts = [-p + n * s for n in range(size + 2 * p) if -p + n * s <= last]
    following = starts[-1] + s if starts else -p
    if ceil_mode and following - s < last and following < size:
        starts.append(following)
    return starts


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> np.ndarray:  # fmt: skip
    n = x.ndim - 2
    kernel, pads, gaps = (numbers_from(v, n, "", "", 0) for v in (kernel_size, padding, dilation))
    steps = kernel if stride is None else numbers_from(stride, n, "", "", 1)
    starts = [
        _starts(*numbers, ceil_mode)
        for numbers in zip(x.shape[2:], kernel, steps, pads, gaps, strict=True)
    ]
    bottom = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    y = np.full((*x.shape[:2], *map(len, starts)), bottom, x.dtype)
    for where in np.ndindex(y.shape):
        found = None
        for tap in np.ndindex(*kernel):
            place = tuple(
                along[p] + i * d
                for along, p, i, d in zip(starts, where[2:], tap, gaps, strict=True)
            )
            if not all(0 <= r < length for r, length in zip(place, x.shape[2:], strict=True)):
                continue
            value = x[where[:2] + place]
            if found is None or value.real > found.real or np.isnan(value):
                found = value
                y[where] = value
    return y


_CASES: tuple[tuple[str, tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 2, 4, 6), {"kernel_size": 2}),
    ("overlapping windows", (1, 2, 5, 6), {"kernel_size": (3, 2), "stride": (2, 1)}),
    ("padding", (2, 1, 5, 4), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("padding in one direction", (1, 1, 3, 5), {"kernel_size": (1, 4), "padding": (0, 2)}),
    ("dilation", (1, 2, 6, 7), {"kernel_size": (2, 3), "stride": 1, "dilation": (3, 2)}),
    ("ceil", (1, 1, 5, 7), {"kernel_size": 2, "ceil_mode": True}),
    ("ceil, last window would start in the padding", (1, 1, 4, 5),
     {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    ("ceil, dilation", (1, 1, 7, 6),
     {"kernel_size": 2, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}),
    ("ceil, kernel larger than the image", (1, 1, 3, 4),
     {"kernel_size": (4, 3), "stride": 2, "ceil_mode": True}),
    ("windows with gaps between them", (1, 1, 5, 5), {"kernel_size": 1, "stride": 3}),
    ("padding after x that no window meets", (1, 1, 5, 5),
     {"kernel_size": 2, "stride": 3, "padding": 1}),
    ("windows without a pixel", (1, 2, 1, 4),
     {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": (2, 1)}),
    ("dilation as long as the image", (1, 2, 3, 4),
     {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": (3, 4)}),
    ("dilation of a kernel of one", (1, 2, 3, 4), {"kernel_size": 1, "dilation": 5}),
    ("ceil, dilation beyond the image", (1, 2, 1, 5),
     {"kernel_size": (4, 2), "stride": (3, 2), "padding": (2, 1), "dilation": 2,
      "ceil_mode": True}),
    ("padding of the width alone", (1, 1, 5, 5),
     {"kernel_size": 2, "stride": 3, "padding": (0, 1)}),
    ("ceil of the width alone", (1, 1, 4, 5), {"kernel_size": 2, "ceil_mode": True}),
    ("tuple of one number", (1, 1, 4, 5), {"kernel_size": (2,)}),
    ("one axis", (2, 3, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("three axes", (1, 2, 4, 5, 3),
     {"kernel_size": (2, 3, 1), "stride": (1, 2, 2), "padding": (1, 1, 0), "dilation": (2, 1, 1)}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((kept_apart(rng, shape),), params, label)
    x = kept_apart(rng, (5, 4, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 3, "stride": 1}, "not contiguous")
    yield Sample((rng.integers(-9, 9, (1, 2, 4, 5)),), {"kernel_size": 2, "padding": 1}, "integers")
    tied = rng.integers(3, size=(1, 2, 4, 5)) * 1.0
    yield Sample((tied,), {"kernel_size": 3, "stride": 1}, "ties", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))

    def bad(words: str, x: Any, error: type[Exception] = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"kernel_size": 2, **params}, error, words)

    yield bad("max_pool: images are (N, C, W), (N, C, H, W) or (N, C, D, H, W) (got", x[0, 0])
    yield bad("max_pool: images are (N, C, W)", x[None, None])
    yield bad("(got height 4 + 0 of padding = 4, but the kernel covers 1·(5 − 1)", x, kernel_size=5)
    yield bad("max_pool1d: the kernel is larger than the padded input (got width", x[0], dilation=4)
    yield bad("max_pool3d: the kernel is larger than the padded input (got depth 2 + 0", x[None],
              kernel_size=3)  # fmt: skip
    yield bad("padding is at most half of kernel_size (got padding 2", x, padding=2, kernel_size=3)
    yield bad("max_pool2d: kernel_size is at least 1", x, kernel_size=0)
    yield bad("max_pool2d: stride is at least 1 (got 0)", x, stride=0)
    yield bad("max_pool2d: padding is at least 0", x, padding=-1)
    yield bad("max_pool2d: dilation is at least 1", x, dilation=(1, 0))
    yield bad("the images have no pixels", x[:, :, :0])
    yield bad("kernel_size is an int or 2 ints", x, kernel_size="2", error=TypeError)
    yield bad("ceil_mode is True or False (got 1)", x, ceil_mode=1, error=TypeError)
    yield bad("max_pool2d: x holds numbers (got bool)", x > 0, error=TypeError)


OP = Op(
    "max_pool", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, extra_outputs=1,
)  # fmt: skip
