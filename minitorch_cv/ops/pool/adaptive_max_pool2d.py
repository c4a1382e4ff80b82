"""adaptive_max_pool2d: the largest number of every window, with windows chosen for a wanted size.

    y[n, c, p, q] = max of x[n, c, r, s] over r in [⌊p H/OH⌋, ⌈(p + 1) H/OH⌉),
                                              s in [⌊q W/OW⌋, ⌈(q + 1) W/OW⌉)

gx adds gy[n, c, p, q] to the one element that won: the first in row-major order at a tie, the last
NaN where there are any, as in max_pool2d.

Shapes: x (N, C, H, W) → y (N, C, OH, OW) and indices of the same shape, int64: the place
row · W + column of the winner in its image. output_size: OH = OW, or (OH, OW), where None keeps the
size of the image.
Raises: ValueError for shapes and sizes, TypeError for sizes that are no integers.
Source: PyTorch's choice of windows. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Op, Sample
from .view import adaptive_size, adaptive_spans, check_pixels, kept_apart
from .window_sum import Spans
from .winner import Saved, backward, lowest, winners


def check(x: Array, *, output_size: Any) -> None:
    check_pixels("adaptive_max_pool2d", x)
    adaptive_size("adaptive_max_pool2d", output_size, x.shape[2:])


def forward(x: Array, *, output_size: Any) -> tuple[tuple[Array, Array], Saved]:
    xp = array_module(x)
    N, C, H, W = x.shape
    OH, OW = adaptive_size("adaptive_max_pool2d", output_size, (H, W))
    rows, columns = adaptive_spans(H, OH), adaptive_spans(W, OW)
    tops, lefts = (xp.asarray([start for start, _ in s], dtype=np.int64) for s in (rows, columns))
    taps = _taps(x, rows, columns, tops, lefts)
    y, indices = winners(x, (N, C, OH, OW), tops[:, None] * W + lefts, taps)
    return (y, indices), Saved(indices, (H, W))


def _taps(
    x: Array, rows: Spans, columns: Spans, tops: Array, lefts: Array
) -> Iterator[tuple[Array, Array]]:
    """For each element of the largest window: what it meets in all windows, and where that lies."""
    xp = array_module(x)
    W = x.shape[3]
    for i in range(max([span[1] - span[0] for span in rows], default=0)):
        # Windows may differ by one row: in the smaller ones the last tap meets nothing.
        held = xp.asarray([start + i < stop for start, stop in rows])
        down = xp.where(held, tops + i, tops)
        band = x[:, :, down]  # (N, C, OH, W)
        for j in range(max([span[1] - span[0] for span in columns], default=0)):
            inside = held[:, None] & xp.asarray([start + j < stop for start, stop in columns])
            across = xp.minimum(lefts + j, W - 1)
            values = xp.where(inside, band[:, :, :, across], xp.asarray(lowest(x), dtype=x.dtype))
            yield values, down[:, None] * W + across


def reference(x: np.ndarray, *, output_size: Any) -> np.ndarray:
    N, C, H, W = x.shape
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    OH, OW = H if wanted[0] is None else wanted[0], W if wanted[1] is None else wanted[1]
    y = np.zeros((N, C, OH, OW), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        found = None
        for r, s in np.ndindex(H, W):
            # Row r meets window p where [r, r + 1) and [p H/OH, (p + 1) H/OH) overlap.
            in_rows = r * OH < (p + 1) * H and (r + 1) * OH > p * H
            in_columns = s * OW < (q + 1) * W and (s + 1) * OW > q * W
            if in_rows and in_columns:
                value = x[n, c, r, s]
                if found is None or value.real > found.real or np.isnan(value):
                    found = value
        y[n, c, p, q] = found
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = kept_apart(rng, (2, 2, 5, 6))
    yield Sample((x,), {"output_size": 1}, "global")
    yield Sample((x,), {"output_size": (5, 3)}, "whole windows")
    yield Sample((x,), {"output_size": (3, 4)}, "windows that cross")
    yield Sample((x,), {"output_size": (None, 2)}, "height kept")
    yield Sample((x[:1, :1],), {"output_size": (7, 8)}, "larger than the image")
    yield Sample((x[:1, :1],), {"output_size": 0}, "no windows")
    yield Sample((x.transpose(3, 0, 2, 1),), {"output_size": (2, 2)}, "not contiguous")
    yield Sample((x[:, :, :1, :1],), {"output_size": 1}, "image of one pixel")
    yield Sample((x[:0],), {"output_size": 2}, "empty batch")
    tied = rng.integers(3, size=(1, 2, 4, 5)) * 1.0
    yield Sample((tied,), {"output_size": 2}, "ties", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x, one = rng.normal(size=(1, 2, 4, 4)), {"output_size": 1}
    yield ErrorSample((x[0],), one, ValueError, "images are (N, C, H, W) (got x (2, 4, 4)")
    yield ErrorSample((x[:, :, :0],), one, ValueError, "the images have no pixels")
    yield ErrorSample((x,), {"output_size": -1}, ValueError, "output_size is at least 0 (got -1)")
    yield ErrorSample((x,), {"output_size": (2, 2, 2)}, TypeError, "an int, None or a pair of them")


OP = Op(
    "adaptive_max_pool2d", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples, extra_outputs=1,
)  # fmt: skip
