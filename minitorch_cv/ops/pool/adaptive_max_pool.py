"""adaptive_max_pool: the largest number of every window, with windows chosen for a wanted size.

    y[n, c, p, q] = max of x[n, c, r, s] over r in [⌊p H/OH⌋, ⌈(p + 1) H/OH⌉),
                                              s in [⌊q W/OW⌋, ⌈(q + 1) W/OW⌉)

gx adds gy[n, c, p, q] to the one element that won: the first in row-major order at a tie, the last
NaN where there are any, as in max_pool.

Shapes: x (N, C, H, W), or with one or three axes instead of H, W → y (N, C, OH, OW) and indices of
the same shape, int64: the place row · W + column of the winner in its image. output_size: OH = OW,
or (OH, OW), where None keeps the size of the image.
Raises: ValueError for shapes and sizes, TypeError for dtypes and sizes that are no integers.
Source: PyTorch's choice of windows. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Op, Sample
from ..precision import check_floats
from .view import adaptive_size, adaptive_spans, check_axes, check_pixels, kept_apart
from .window_sum import Spans
from .winner import Saved, backward, flat_places, lowest, winners


def check(x: Array, *, output_size: Any) -> None:
    check_axes("adaptive_max_pool", x)
    op = f"adaptive_max_pool{x.ndim - 2}d"
    check_floats(op, x=x)
    check_pixels(op, x, 2)
    adaptive_size(op, output_size, x.shape[2:])


def forward(x: Array, *, output_size: Any) -> tuple[tuple[Array, Array], Saved]:
    xp = array_module(x)
    size = x.shape[2:]
    counts = adaptive_size("adaptive_max_pool", output_size, size)
    spans = tuple(map(adaptive_spans, size, counts))
    starts = [xp.asarray([start for start, _ in axis], dtype=np.int64) for axis in spans]
    taps = _taps(x, spans, starts)
    y, indices = winners(x, (*x.shape[:2], *counts), flat_places(xp, starts, size), taps)
    return (y, indices), Saved(indices, size)


def _taps(x: Array, spans: tuple[Spans, ...], starts: list[Array]) -> Iterator[tuple[Array, Array]]:
    """For each element of the largest window: what it meets in all windows, and where that lies."""
    xp = array_module(x)
    bottom = xp.asarray(lowest(x), dtype=x.dtype)
    for met, places, inside in _walk(x, spans, starts, 0):
        yield xp.where(inside, met, bottom), places


def _walk(
    x: Array, spans: tuple[Spans, ...], starts: list[Array], axis: int
) -> Iterator[tuple[Array, Array, Any]]:
    """The taps along the axes from `axis` on: (values, flat places, which windows hold them)."""
    xp = array_module(x)
    longest = max([stop - start for start, stop in spans[axis]], default=0)
    for i in range(longest):
        # Windows may differ by one row: in the smaller ones the last tap meets nothing.
        held = xp.asarray([start + i < stop for start, stop in spans[axis]])
        rows = xp.where(held, starts[axis] + i, starts[axis])
        here = (slice(None),) * (axis + 2) + (rows,)
        band = x[here]
        if axis == len(spans) - 1:
            yield band, rows, held
            continue
        behind = math.prod(x.shape[axis + 3 :])  # elements from one row to the next
        for met, places, inside in _walk(band, spans, starts, axis + 1):
            across = (1,) * (len(spans) - 1 - axis)
            down, kept = (xp.reshape(v, v.shape + across) for v in (rows, held))
            yield met, down * behind + places, kept & inside


def reference(x: np.ndarray, *, output_size: Any) -> np.ndarray:
    n, size = x.ndim - 2, x.shape[2:]
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    counts = [own if m is None else m for m, own in zip(wanted, size, strict=True)]
    y = np.zeros((*x.shape[:2], *counts), x.dtype)
    for where in np.ndindex(y.shape):
        found = None
        for place in np.ndindex(*size):
            # Row r meets window p where [r, r + 1) and [p H/OH, (p + 1) H/OH) overlap.
            axes = zip(place, where[2:], size, counts, strict=True)
            if not all(r * o < (p + 1) * m and (r + 1) * o > p * m for r, p, m, o in axes):
                continue
            value = x[where[:2] + place]
            if found is None or value.real > found.real or np.isnan(value):
                found = value
        y[where] = found
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
    yield Sample((x[0],), {"output_size": 4}, "one axis")
    yield Sample((x[None, :, :, :3],), {"output_size": (1, 2, 4)}, "three axes")
    yield Sample((x[:, :, :1, :1],), {"output_size": 1}, "image of one pixel")
    yield Sample((x[:0],), {"output_size": 2}, "empty batch")
    tied = rng.integers(3, size=(1, 2, 4, 5)) * 1.0
    yield Sample((tied,), {"output_size": 2}, "ties", kink=True)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    def bad(words: str, x: Any, size: Any, error: type[Exception] = ValueError) -> ErrorSample:
        return ErrorSample((x,), {"output_size": size}, error, words)

    x = rng.normal(size=(1, 2, 4, 4))
    yield bad("adaptive_max_pool: images are (N, C, W), (N, C, H, W) or", x[0, 0], 1)
    yield bad("adaptive_max_pool2d: the images have no pixels", x[:, :, :0], 1)
    yield bad("output_size is at least 0 (got -1)", x, -1)
    yield bad("an int, None or 2 of them", x, (2, 2, 2), TypeError)
    yield bad("x must be of a float dtype", x.astype(np.int64), 1, TypeError)


OP = Op(
    "adaptive_max_pool", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples, extra_outputs=1,
)  # fmt: skip
