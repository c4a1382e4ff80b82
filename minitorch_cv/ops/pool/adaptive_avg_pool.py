"""adaptive_avg_pool: the mean of every window, with windows chosen for a wanted output size.

    y[n, c, p, q] = mean of x[n, c, r, s] over r in [⌊p H/OH⌋, ⌈(p + 1) H/OH⌉),
                                               s in [⌊q W/OW⌋, ⌈(q + 1) W/OW⌉)

The windows cover the image and overlap by at most one row or column (an output larger than the
image repeats pixels). gx spreads gy, divided by the window's size, over each window.

Shapes: x (N, C, H, W), or with one or three axes instead of H, W → y (N, C, OH, OW), a float dtype.
output_size: OH = OW, or (OH, OW), where None keeps the size of the image; 1 is the global average
pooling at the end of a ResNet. It alone answers for an image without pixels: their mean is NaN.
Raises: ValueError for shapes and sizes, TypeError for dtypes and sizes that are no integers.
Source: M. Lin, Q. Chen, S. Yan, "Network in network", 2014, section 3.2 (global average pooling);
PyTorch's choice of windows. Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_floats
from .view import (
    adaptive_size,
    adaptive_spans,
    average,
    check_axes,
    check_pixels,
    divisors_of,
    spread_average,
)
from .window_sum import Sizes, Spans


class Saved(NamedTuple):
    spans: tuple[Spans, ...]
    size: Sizes
    divisors: Any  # (OH, OW), or one number for all


def check(x: Array, *, output_size: Any) -> None:
    check_axes("adaptive_avg_pool", x)
    op = f"adaptive_avg_pool{x.ndim - 2}d"
    check_floats(op, x=x)
    sizes = adaptive_size(op, output_size, x.shape[2:])
    if set(sizes) != {1}:
        check_pixels(op, x, 2)


def forward(x: Array, *, output_size: Any) -> tuple[Array, Saved]:
    size = x.shape[2:]
    counts = adaptive_size("adaptive_avg_pool", output_size, size)
    spans = tuple(map(adaptive_spans, size, counts))
    lengths = tuple([stop - start for start, stop in axis] for axis in spans)
    divisors = divisors_of(x, lengths)
    return average(x, spans, divisors), Saved(spans, size, divisors)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    return (spread_average(gy, *saved),)


def reference(x: np.ndarray, *, output_size: Any) -> np.ndarray:
    n, size = x.ndim - 2, x.shape[2:]
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    counts = [own if m is None else m for m, own in zip(wanted, size, strict=True)]
    y = np.zeros((*x.shape[:2], *counts), x.dtype)
    for where in np.ndindex(y.shape):
        count = 0
        for place in np.ndindex(*size):
            # Row r meets window p where [r, r + 1) and [p H/OH, (p + 1) H/OH) overlap.
            axes = zip(place, where[2:], size, counts, strict=True)
            if all(r * o < (p + 1) * m and (r + 1) * o > p * m for r, p, m, o in axes):
                y[where] += x[where[:2] + place]
                count += 1
        y[where] /= count
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
    yield Sample((x[0],), {"output_size": 4}, "one axis")
    yield Sample((x[None, :, :, :3],), {"output_size": (1, 2, 4)}, "three axes")
    yield Sample((x[:, :, :1, :1],), {"output_size": 1}, "image of one pixel")
    yield Sample((x[:0],), {"output_size": 2}, "empty batch")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    def bad(words: str, x: Any, size: Any, error: type[Exception] = ValueError) -> ErrorSample:
        return ErrorSample((x,), {"output_size": size}, error, words)

    x = rng.normal(size=(1, 2, 4, 4))
    yield bad("adaptive_avg_pool: images are (N, C, W), (N, C, H, W) or", x[0, 0], 1)
    yield bad("adaptive_avg_pool2d: the images have no pixels", x[:, :, :0], (1, 2))
    yield bad("output_size is at least 0 (got -1)", x, -1)
    yield bad("an int, None or 2 of them", x, (2, 2, 2), TypeError)
    yield bad("an int, None or a tuple with one", x[0], (2, 2), TypeError)
    yield bad("an int, None or 2 of them", x, 2.5, TypeError)
    yield bad("an int, None or 2 of them", x, (2, 2.5), TypeError)
    yield bad("output_size is at least 0", x, (-1, 2))
    yield bad("x must be of a float dtype", x.astype(np.int64), 1, TypeError)


OP = Op(
    "adaptive_avg_pool", forward, backward, Saved, check=check, reference=reference,
    samples=samples, error_samples=error_samples,
)  # fmt: skip
