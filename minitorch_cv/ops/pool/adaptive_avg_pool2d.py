"""adaptive_avg_pool2d: the mean of every window, with windows chosen for a wanted output size.

    y[n, c, p, q] = mean of x[n, c, r, s] over r in [⌊p H/OH⌋, ⌈(p + 1) H/OH⌉),
                                               s in [⌊q W/OW⌋, ⌈(q + 1) W/OW⌉)

The windows cover the image and overlap by at most one row or column (an output larger than the
image repeats pixels). gx spreads gy, divided by the window's size, over each window.

Shapes: x (N, C, H, W) → y (N, C, OH, OW), a float dtype. output_size: OH = OW, or (OH, OW), where
None keeps the size of the image; (1, 1) is the global average pooling at the end of a ResNet.
Raises: ValueError for shapes and sizes, TypeError for dtypes and sizes that are no integers.
Source: M. Lin, Q. Chen, S. Yan, "Network in network", 2014, section 3.2 (global average pooling);
PyTorch's choice of windows. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair, check_float
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .view import adaptive_size, adaptive_spans, average, check_pixels
from .window_sum import WINDOW_SPREAD, Spans


class Saved(NamedTuple):
    rows: Spans
    columns: Spans
    size: Pair
    divisors: Array


def check(x: Array, *, output_size: Any) -> None:
    check_pixels("adaptive_avg_pool2d", x)
    check_float("adaptive_avg_pool2d", x=x)
    adaptive_size("adaptive_avg_pool2d", output_size, x.shape[2:])


def forward(x: Array, *, output_size: Any) -> tuple[Array, Saved]:
    H, W = x.shape[2:]
    OH, OW = adaptive_size("adaptive_avg_pool2d", output_size, (H, W))
    rows, columns = adaptive_spans(H, OH), adaptive_spans(W, OW)
    heights, widths = ([stop - start for start, stop in spans] for spans in (rows, columns))
    xp = array_module(x)
    divisors = xp.asarray([[h * w for w in widths] for h in heights], dtype=x.dtype)
    divisors = xp.reshape(divisors, (OH, OW))
    return average(x, rows, columns, divisors), Saved(rows, columns, (H, W), divisors)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    rows, columns, size, divisors = saved
    if not needs[0]:
        return (None,)
    return (WINDOW_SPREAD(gy / divisors, rows=rows, columns=columns, size=size),)


def reference(x: np.ndarray, *, output_size: Any) -> np.ndarray:
    N, C, H, W = x.shape
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    OH, OW = H if wanted[0] is None else wanted[0], W if wanted[1] is None else wanted[1]
    y = np.zeros((N, C, OH, OW), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        count = 0
        for r, s in np.ndindex(H, W):
            # Row r meets window p where [r, r + 1) and [p H/OH, (p + 1) H/OH) overlap.
            in_rows = r * OH < (p + 1) * H and (r + 1) * OH > p * H
            in_columns = s * OW < (q + 1) * W and (s + 1) * OW > q * W
            if in_rows and in_columns:
                y[n, c, p, q] += x[n, c, r, s]
                count += 1
        y[n, c, p, q] /= count
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(2, 2, 5, 6))
    yield Sample((x,), {"output_size": 1}, "global")
    yield Sample((x,), {"output_size": (5, 3)}, "whole windows")
    yield Sample((x,), {"output_size": (3, 4)}, "windows that cross")
    yield Sample((x,), {"output_size": (None, 2)}, "height kept")
    yield Sample((x[:1, :1],), {"output_size": (7, 8)}, "larger than the image")
    yield Sample((x[:1, :1],), {"output_size": 0}, "no windows")
    yield Sample((x.transpose(3, 0, 2, 1),), {"output_size": (2, 2)}, "not contiguous")
    yield Sample((x[:, :, :1, :1],), {"output_size": 1}, "image of one pixel")
    yield Sample((x[:0],), {"output_size": 2}, "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, one = rng.normal(size=(1, 2, 4, 4)), {"output_size": 1}
    yield ErrorSample((x[0],), one, ValueError, "images are (N, C, H, W) (got x (2, 4, 4)")
    yield ErrorSample((x[:, :, :0],), one, ValueError, "the images have no pixels")
    yield ErrorSample((x,), {"output_size": -1}, ValueError, "output_size is at least 0 (got -1)")
    yield ErrorSample((x,), {"output_size": (2, 2, 2)}, TypeError, "an int, None or a pair of them")
    yield ErrorSample((x,), {"output_size": 2.5}, TypeError, "an int, None or a pair of them")
    yield ErrorSample((x,), {"output_size": (2, 2.5)}, TypeError, "an int, None or a pair of them")
    yield ErrorSample((x,), {"output_size": (-1, 2)}, ValueError, "output_size is at least 0")
    yield ErrorSample((x.astype(np.int64),), one, TypeError, "x must be of a float dtype")


OP = Op(
    "adaptive_avg_pool2d", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples,
)  # fmt: skip
