"""roi_pool: the largest number in each of OH × OW bins of a region of interest (RoI).

    y[r, c, p, q] = max x[n_r, c, h, w] over top_p ≤ h < bottom_p and left_q ≤ w < right_q
    top_p = v_min + ⌊p b⌋,  bottom_p = v_min + ⌈(p + 1) b⌉,  b = max(v_max − v_min + 1, 1) / OH

cut off at the edges of the image, with v_min and v_max = spatial_scale · y, rounded to whole pixels
(halves away from 0); columns alike. gx adds gy[r, c, p, q] to the one element that won. A bin
without a pixel answers 0. At a tie the first in row-major order wins; a NaN wins over all numbers
(and the last NaN over the others), as in max_pool (in torchvision NaN and −∞ never win). A box with
a coordinate that is NaN or infinite has no pixel. Boxes are constants: they have no gradient.

Shapes: x (N, C, H, W), boxes (R, 4), both of one float dtype; index (R,) int64, each box's image
→ y (R, C, OH, OW). output_size: an int, or OH and OW. There is no second derivative.
Raises: ValueError for shapes and for a box on no image, TypeError for dtypes.
Source: R. Girshick, "Fast R-CNN", 2015, section 2.1; torchvision's rules for rounding. Verified by
the op checks against loops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import numbers_from
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..pool.view import kept_apart
from ..precision import widen
from ..shape.gather import SCATTER_ADD
from .rois import bad_rois, check_rois, draw_boxes


class Saved(NamedTuple):
    indices: Array  # row · W + column of each bin's winner, −1 for none; (R, C, OH, OW) int32
    index: Array
    shape: tuple[int, ...]  # of x
    spans: Any = None  # where the bins lie, where a kernel's backward asks each pixel for its bins


def check(
    x: Array, boxes: Array, index: Array, *, output_size: Any, spatial_scale: float = 1.0
) -> None:
    check_rois("roi_pool", x, boxes, index, output_size, spatial_scale)


def forward(
    x: Array, boxes: Array, index: Array, *, output_size: Any, spatial_scale: float = 1.0
) -> tuple[Array, Saved]:
    xp = array_module(x)
    (_, C, H, W), R = x.shape, boxes.shape[0]
    OH, OW = numbers_from(output_size, 2, "roi_pool", "output_size", 0)
    v = widen(boxes) * spatial_scale
    top, bottom = _spans(v[:, 1], v[:, 3], OH)  # (R, OH) each
    left, right = _spans(v[:, 0], v[:, 2], OW)  # (R, OW) each
    # First the winner of each bin in every single row of the image, then the winner of those.
    best = xp.full((R, C, H, OW), -math.inf, dtype=x.dtype)
    column = xp.full(best.shape, -1, dtype="int32")
    for w in range(W):
        value = x[:, :, :, w][index][..., None]  # (R, C, H, 1)
        inside = ((left <= w) & (w < right))[:, None, None, :]
        wins = inside & ((value > best) | (value != value) | (column < 0))
        xp.copyto(best, value, where=wins)
        xp.copyto(column, w, where=wins)
    y = xp.full((R, C, OH, OW), -math.inf, dtype=x.dtype)
    place = xp.full(y.shape, -1, dtype="int32")
    for h in range(H):
        value, at = best[:, :, h, None], column[:, :, h, None]  # (R, C, 1, OW)
        inside = ((top <= h) & (h < bottom))[:, None, :, None] & (at >= 0)
        wins = inside & ((value > y) | (value != value) | (place < 0))
        xp.copyto(y, value, where=wins)
        xp.copyto(place, h * W + at, where=wins)
    xp.copyto(y, xp.zeros_like(y), where=place < 0)
    return y, Saved(place, index, x.shape)


def _spans(low: Array, high: Array, P: int) -> tuple[Array, Array]:
    """Where each of P bins between low and high begins and ends, before the edges; (R, P) each."""
    xp = array_module(low)
    real = xp.isfinite(low) & xp.isfinite(high)
    start, stop = (_rounded(xp.where(real, v, math.nan))[:, None] for v in (low, high))
    width = xp.maximum(stop - start + 1, 1) / max(P, 1)  # of a bin; (R, 1)
    numbers = xp.arange(P, dtype=low.dtype)
    return xp.floor(numbers * width) + start, xp.ceil((numbers + 1) * width) + start


def _rounded(v: Array) -> Array:
    """The nearest whole number, halves away from 0."""
    xp = array_module(v)
    below = xp.trunc(v)
    return below + xp.sign(v) * (abs(v - below) >= 0.5)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return None, None, None
    xp, (indices, index, (N, C, H, W), _) = array_module(gy), saved
    g = xp.reshape(xp.where(indices < 0, 0, gy), (-1,))
    image = index[:, None] * C + xp.arange(C)  # (R, C)
    places = image[:, :, None, None] * (H * W) + xp.maximum(indices, 0)  # (R, C, OH, OW)
    total = SCATTER_ADD(g, xp.reshape(places, (-1,)), size=max(N * C * H * W, 1))
    return xp.reshape(total[: N * C * H * W], (N, C, H, W)), None, None


def _bins(low: Any, high: Any, P: int, S: int) -> list[range]:
    """The pixels of each bin."""
    start, stop = (int(math.copysign(math.floor(abs(v) + 0.5), v)) for v in (low, high))
    width = max(stop - start + 1, 1) / max(P, 1)
    ends = [(start + math.floor(p * width), start + math.ceil((p + 1) * width)) for p in range(P)]
    return [range(max(begin, 0), min(end, S)) for begin, end in ends]


def reference(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any,
    spatial_scale: float = 1.0,
) -> np.ndarray:  # fmt: skip
    OH, OW = numbers_from(output_size, 2, "", "", 0)
    H, W = x.shape[2:]
    y = np.zeros((len(boxes), x.shape[1], OH, OW), x.dtype)
    for r, c, p, q in np.ndindex(y.shape):
        if not np.isfinite(boxes[r]).all():
            continue
        corners = [float(v.real) * spatial_scale for v in boxes[r]]
        image, best = x[index[r], c], None
        for h in _bins(corners[1], corners[3], OH, H)[p]:
            for w in _bins(corners[0], corners[2], OW, W)[q]:
                if best is None or image[h, w].real > best.real or np.isnan(image[h, w]):
                    best = y[r, c, p, q] = image[h, w]
    return y


_CASES: tuple[tuple[str, tuple[int, ...], int, dict[str, Any]], ...] = (
    ("two images", (2, 3, 6, 7), 4, {"output_size": 2}),
    ("as many bins as pixels, or more", (1, 2, 5, 4), 3, {"output_size": (5, 7)}),
    ("boxes sixteen times as large as x", (2, 2, 5, 6), 5,
     {"output_size": (2, 3), "spatial_scale": 1 / 16}),
    ("image of one pixel", (1, 2, 1, 1), 2, {"output_size": 2}),
    ("one bin", (1, 1, 5, 6), 3, {"output_size": 1}),
    ("no boxes", (2, 3, 4, 4), 0, {"output_size": 2}),
    ("no bins", (2, 1, 4, 4), 2, {"output_size": (0, 2)}),
    ("no channels", (2, 0, 4, 4), 2, {"output_size": 2}),
)  # fmt: skip
_ODD = (  # halves, corners beyond the edges, an empty box, a turned one, a large one
    (0.5, 1.5, 2.5, 3.5), (-0.5, -1.5, 4.5, 3.5), (-9.0, -9.0, -3.0, -2.0), (2.0, 1.0, 2.0, 1.0),
    (4.0, 3.0, 1.0, 0.0), (-11.0, -7.0, 15.0, 13.0), (3.0, 2.0, 9.0, 8.0),
    (1.0, np.nan, 2.0, 3.0), (-np.inf, 0.0, 3.0, 3.0), (0.0, 0.0, np.inf, 2.0),
)  # fmt: skip


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for label, shape, R, params in _CASES:
        scale = params.get("spatial_scale", 1.0)
        boxes = draw_boxes(rng, R, shape[2] / scale, shape[3] / scale)
        index = rng.integers(shape[0], size=R)
        yield Sample((kept_apart(rng, shape), boxes, index), params, label)
    odd, zeros = np.array(_ODD), np.zeros(len(_ODD), np.int64)
    x = kept_apart(rng, (1, 2, 5, 6))
    yield Sample((x, odd, zeros), {"output_size": 2}, "odd boxes")
    tied = rng.integers(3, size=x.shape) * 1.0
    yield Sample((tied, odd, zeros), {"output_size": (1, 2)}, "ties", kink=True)
    x = kept_apart(rng, (5, 6, 2, 3)).transpose(2, 3, 0, 1)
    yield Sample((x, draw_boxes(rng, 3, 5, 6), np.array([1, 0, 1])), {"output_size": 2},
                 "not contiguous")  # fmt: skip


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    yield from bad_rois(rng, "roi_pool")


OP = Op(
    "roi_pool", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, twice=False, constants=("boxes",),
)  # fmt: skip
