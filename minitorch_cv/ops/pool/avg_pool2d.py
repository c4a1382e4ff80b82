"""avg_pool2d: the mean of every window.

    y[n, c, p, q] = 1/D[p, q] Σ_{i, j} x̄[n, c, p SH + i − PH, q SW + j − PW]

where x̄ is x with zeros around it. D is `divisor_override` where that is given; else the number of
elements of the window that lie in the image or (count_include_pad) its padding. With ceil_mode the
last window may hang over the edge of the padding: what is beyond is counted by neither.
gx spreads gy / D over each window.

Shapes: x (N, C, H, W) → y (N, C, OH, OW), a float dtype; OH = ⌊(H + 2 PH − KH) / SH⌋ + 1, or ⌈…⌉
with ceil_mode, where a window must start inside the image or the padding before it; OW alike.
kernel_size, stride (default: kernel_size), padding (at most half a kernel): an int or (height,
width).
Raises: ValueError for sizes that do not fit or a divisor of 0, TypeError for dtypes and arguments
that are no integers.
Source: Y. LeCun et al. 1998, section II.B (subsampling); PyTorch's rules for the divisor. Verified
by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair, check_float, output_size, pair
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .view import PoolView, average, check_view, pool_view
from .window_sum import WINDOW_SPREAD, Spans


class Saved(NamedTuple):
    rows: Spans
    columns: Spans
    size: Pair
    divisors: Array


def check(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> None:  # fmt: skip
    view = pool_view("avg_pool2d", kernel_size, stride, padding)
    check_view("avg_pool2d", x, view, (1, 1))
    check_float("avg_pool2d", x=x)
    if divisor_override == 0:
        raise ValueError(
            "avg_pool2d: divisor_override cannot be 0 (got 0); use None for the window's size"
        )


def forward(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> tuple[Array, Saved]:  # fmt: skip
    view = pool_view("avg_pool2d", kernel_size, stride, padding)
    H, W = x.shape[2:]
    rows, heights = _spans(H, view, 0, ceil_mode, count_include_pad)
    columns, widths = _spans(W, view, 1, ceil_mode, count_include_pad)
    divisors = array_module(x).asarray(
        [[divisor_override or max(h * w, 1) for w in widths] for h in heights], dtype=x.dtype
    )
    return average(x, rows, columns, divisors), Saved(rows, columns, (H, W), divisors)


def _spans(
    size: int, view: PoolView, axis: int, ceil_mode: bool, count_include_pad: bool
) -> tuple[Spans, list[int]]:
    """(start, stop) of every window in the image, and how many rows of it the divisor counts."""
    k, s, p = (member[axis] for member in view)
    spans, counted = [], []
    for n in range(output_size(size, k, s, 2 * p, 1, ceil_mode)):
        start = n * s - p
        stop = min(start + k, size + p)
        low, high = max(start, 0), min(stop, size)
        spans.append((low, max(low, high)))
        counted.append(stop - start if count_include_pad else max(high - low, 0))
    return tuple(spans), counted


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    rows, columns, size, divisors = saved
    if not needs[0]:
        return (None,)
    return (WINDOW_SPREAD(gy / divisors, rows=rows, columns=columns, size=size),)


def reference(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> np.ndarray:  # fmt: skip
    KH, KW = pair(kernel_size, "", "")
    SH, SW = (KH, KW) if stride is None else pair(stride, "", "")
    (PH, PW), (N, C, H, W) = pair(padding, "", ""), x.shape
    OH, OW = (H + 2 * PH - KH) // SH + 1, (W + 2 * PW - KW) // SW + 1
    if ceil_mode:  # one more where something is left over, unless it would start beyond the image
        OH += (H + 2 * PH - KH) % SH > 0 and OH * SH < H + PH
        OW += (W + 2 * PW - KW) % SW > 0 and OW * SW < W + PW
    y = np.zeros((N, C, OH, OW), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        count = 0
        for i, j in np.ndindex(KH, KW):
            row, column = p * SH + i - PH, q * SW + j - PW
            if 0 <= row < H and 0 <= column < W:
                y[n, c, p, q] += x[n, c, row, column]
                count += 1
            elif count_include_pad and row < H + PH and column < W + PW:
                count += 1
        y[n, c, p, q] /= divisor_override or count
    return y


_CASES: tuple[tuple[str, tuple[int, int, int, int], dict[str, Any]], ...] = (
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
    ("divisor", (1, 1, 4, 4), {"kernel_size": 3, "stride": 1, "padding": 1, "divisor_override": 5}),
    ("windows with gaps between them", (1, 1, 5, 5), {"kernel_size": 1, "stride": 3}),
    ("image of one pixel", (2, 1, 1, 1), {"kernel_size": 1}),
    ("empty batch", (0, 2, 4, 4), {"kernel_size": 2}),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, params in _CASES:
        yield Sample((rng.normal(size=shape),), params, label)
    x = rng.normal(size=(5, 4, 2, 2)).transpose(2, 3, 0, 1)
    yield Sample((x,), {"kernel_size": 3, "stride": 1}, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 4))

    def bad(words: str, x: Any, error: type[Exception] = ValueError, **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"kernel_size": 2, **params}, error, words)

    yield bad("avg_pool2d: images are (N, C, H, W) (got x (2, 4, 4), without", x[0])
    yield bad("but the kernel covers 1·(5 − 1) + 1 = 5", x, kernel_size=5)
    yield bad("padding is at most half of kernel_size (got padding 2", x, padding=2)
    yield bad("avg_pool2d: kernel_size is at least 1", x, kernel_size=(2, 0))
    yield bad("avg_pool2d: stride is at least 1", x, stride=0)
    yield bad("avg_pool2d: padding is at least 0", x, padding=-1)
    yield bad("divisor_override cannot be 0", x, divisor_override=0)
    yield bad("the images have no pixels", x[..., :0])
    yield bad("kernel_size is an int or a pair", x, kernel_size=2.0, error=TypeError)
    yield bad("x must be of a float dtype (got int64)", x.astype(np.int64), error=TypeError)


OP = Op(
    "avg_pool2d", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
