"""max_pool2d: the largest number of every window, and where in the image it was.

    y[n, c, p, q] = max_{i, j} x[n, c, p SH + i DH − PH, q SW + j DW − PW]

over the elements that lie inside the image: padding never wins. gx adds gy[n, c, p, q] to the one
element that won. At a tie the first in row-major order wins; a NaN wins over all numbers (and the
last NaN over the others), as in PyTorch.

Shapes: x (N, C, H, W) → y (N, C, OH, OW) and indices of the same shape, int64: the place
row · W + column of the winner in its image. OH = ⌊(H + 2 PH − DH (KH − 1) − 1) / SH⌋ + 1, or ⌈…⌉
with ceil_mode, where a window must start inside the image or the padding before it; OW alike.
kernel_size, stride (default: kernel_size), padding (at most half a kernel), dilation: an int or
(height, width).
Raises: ValueError for sizes that do not fit, TypeError for arguments that are no integers.
Source: J. Weng et al., "Cresceptron", 1992 (max pooling); PyTorch's rules for ties, NaN and
ceil_mode. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair, output_size, pair, pair_from
from ..op import ErrorSample, Op, Sample
from .view import PoolView, check_view, kept_apart, pool_view
from .winner import Saved, backward, lowest, winners


def check(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> None:  # fmt: skip
    view = pool_view("max_pool2d", kernel_size, stride, padding)
    dilation = pair_from(dilation, "max_pool2d", "dilation", 1)
    check_view("max_pool2d", x, view, dilation)
    if max(dilation) == 1 or max(view.padding) == 0:
        return
    sizes = _sizes(x, view, dilation, ceil_mode)
    for axis, size, count, k, s, p, d in zip(
        ("height", "width"), x.shape[2:], sizes, *view, dilation, strict=True
    ):
        if any(_start(n, s, p, d) >= size for n in range(count)):
            raise ValueError(
                f"max_pool2d: a window lies between the pixels, wholly in the padding (got {axis} "
                f"{size}, kernel {k}, dilation {d}, padding {p}); use less dilation or padding"
            )


def _start(n: int, stride: int, padding: int, dilation: int) -> int:
    """Where the first element of the n-th window lies that is not in the padding before x."""
    start = n * stride - padding
    return start if start >= 0 else start + dilation * -(start // dilation)


def _sizes(x: Array, view: PoolView, dilation: Pair, ceil_mode: bool) -> Pair:
    OH, OW = (
        output_size(size, k, s, 2 * p, d, ceil_mode)
        for size, k, s, p, d in zip(x.shape[2:], *view, dilation, strict=True)
    )
    return OH, OW


def forward(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[Array, Array], Saved]:  # fmt: skip
    xp = array_module(x)
    N, C, H, W = x.shape
    view = pool_view("max_pool2d", kernel_size, stride, padding)
    (_, (SH, SW), (PH, PW)), (DH, DW) = view, pair(dilation, "max_pool2d", "dilation")
    OH, OW = _sizes(x, view, (DH, DW), ceil_mode)
    rows = xp.asarray([_start(p, SH, PH, DH) for p in range(OH)])
    columns = xp.asarray([_start(q, SW, PW, DW) for q in range(OW)])
    first = rows[:, None] * W + columns
    y, indices = winners(x, (N, C, OH, OW), first, _taps(x, view, (DH, DW), (OH, OW)))
    return (y, indices), Saved(indices, (H, W))


def _taps(x: Array, view: PoolView, dilation: Pair, sizes: Pair) -> Iterator[tuple[Array, Array]]:
    """For each element of the kernel: what it meets in all windows, and where that lies."""
    xp = array_module(x)
    N, C, H, W = x.shape
    (KH, KW), (SH, SW), (PH, PW) = view
    (DH, DW), (OH, OW) = dilation, sizes
    # The padded image reaches as far as the last window does, which ceil_mode may move further out.
    TH, TW = (OH - 1) * SH + DH * (KH - 1) + 1, (OW - 1) * SW + DW * (KW - 1) + 1
    padded = x
    if PH or PW or TH > H or TW > W:
        padded = xp.full((N, C, max(TH, PH + H), max(TW, PW + W)), lowest(x), dtype=x.dtype)
        padded[:, :, PH : PH + H, PW : PW + W] = x
    for i in range(KH):
        for j in range(KW):
            top, left = i * DH, j * DW
            rows, columns = SH * xp.arange(OH) + top - PH, SW * xp.arange(OW) + left - PW
            bottom, right = top + SH * (OH - 1) + 1, left + SW * (OW - 1) + 1
            yield padded[:, :, top:bottom:SH, left:right:SW], rows[:, None] * W + columns


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> np.ndarray:  # fmt: skip
    KH, KW = pair(kernel_size, "", "")
    SH, SW = (KH, KW) if stride is None else pair(stride, "", "")
    (PH, PW), (DH, DW), (N, C, H, W) = pair(padding, "", ""), pair(dilation, "", ""), x.shape

    def starts(size: int, k: int, s: int, p: int, d: int) -> list[int]:
        last = size + p - d * (k - 1) - 1  # the last start of a window that fits
        all_starts = [-p + n * s for n in range(size + 2 * p) if -p + n * s <= last]
        if ceil_mode and all_starts[-1] < last and all_starts[-1] + s < size:
            all_starts.append(all_starts[-1] + s)
        return all_starts

    tops, lefts = starts(H, KH, SH, PH, DH), starts(W, KW, SW, PW, DW)
    y = np.zeros((N, C, len(tops), len(lefts)), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        found = None
        for i, j in np.ndindex(KH, KW):
            row, column = tops[p] + i * DH, lefts[q] + j * DW
            if not (0 <= row < H and 0 <= column < W):
                continue
            value = x[n, c, row, column]
            if found is None or value.real > found.real or np.isnan(value):
                found = value
        y[n, c, p, q] = found
    return y


_CASES: tuple[tuple[str, tuple[int, int, int, int], dict[str, Any]], ...] = (
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
    ("windows with gaps between them", (1, 1, 5, 5), {"kernel_size": 1, "stride": 3}),
    ("padding after x that no window meets", (1, 1, 5, 5),
     {"kernel_size": 2, "stride": 3, "padding": 1}),
    ("pair of one number", (1, 1, 4, 5), {"kernel_size": (2,)}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((kept_apart(rng, shape),), params, label)
    x = kept_apart(rng, (5, 4, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 3, "stride": 1}, "not contiguous")
    tied = rng.integers(3, size=(1, 2, 4, 5)) * 1.0
    yield Sample((tied,), {"kernel_size": 3, "stride": 1}, "ties", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))

    def bad(words: str, x: Any, error: type[Exception] = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"kernel_size": 2, **params}, error, words)

    yield bad("max_pool2d: images are (N, C, H, W) (got x (2, 4, 4), without", x[0])
    yield bad("(got height 4 + 0 of padding = 4, but the kernel covers 1·(5 − 1)", x, kernel_size=5)
    yield bad("the kernel covers 4·(2 − 1) + 1 = 5", x, dilation=4)
    yield bad("padding is at most half of kernel_size (got padding 2", x, padding=2, kernel_size=3)
    yield bad("max_pool2d: kernel_size is at least 1", x, kernel_size=0)
    yield bad("max_pool2d: stride is at least 1 (got 0)", x, stride=0)
    yield bad("max_pool2d: padding is at least 0", x, padding=-1)
    yield bad("max_pool2d: dilation is at least 1", x, dilation=(1, 0))
    yield bad("the images have no pixels", x[:, :, :0])
    yield bad("wholly in the padding", x[:, :, :1, :1], padding=1, dilation=2)
    yield bad("kernel_size is an int or a pair", x, kernel_size="2", error=TypeError)


OP = Op(
    "max_pool2d", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, extra_outputs=1,
)  # fmt: skip
