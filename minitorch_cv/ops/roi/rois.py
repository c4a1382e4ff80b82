"""Regions of interest (RoIs), as roi_pool and roi_align take them: judged here, drawn here.

A RoI is a box (x_min, y_min, x_max, y_max) on one of the images: boxes (R, 4) and index (R,), the
number of each one's image. spatial_scale takes pixels of the boxes to pixels of x.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...backend.library import Array
from ..geometry import check_images, numbers_from
from ..op import ErrorSample
from ..precision import check_floats


def check_rois(
    op: str, x: Array, boxes: Array, index: Array, output_size: Any, spatial_scale: Any
) -> None:
    """Raises ValueError or TypeError for images, boxes or sizes that are none."""
    check_images(op, x)
    check_floats(op, x=x, boxes=boxes)
    check_boxes(op, boxes)
    numbers_from(output_size, 2, op, "output_size", 0)
    if isinstance(spatial_scale, bool) or not isinstance(spatial_scale, (int, float)):
        raise TypeError(
            f"{op}: spatial_scale is a number (got {spatial_scale!r}); use e.g. 1 / 16 for an x "
            "that is 16 times smaller than the image of the boxes"
        )
    if index.dtype != "int64":
        raise TypeError(f"{op}: index is int64 (got {index.dtype}); use index.long()")
    if index.shape != boxes.shape[:1]:
        raise ValueError(
            f"{op}: there is one image for each box (got boxes {boxes.shape}, index "
            f"{index.shape}); name the image of every box"
        )
    if boxes.shape[0] == 0:
        return
    low, high, N = int(index.min()), int(index.max()), x.shape[0]
    if low < 0 or high >= N:
        raise ValueError(
            f"{op}: a box lies on an image that does not exist (got number "
            f"{low if low < 0 else high}, x holds {N} images); numbers are 0 to {N - 1}"
        )


def check_boxes(op: str, boxes: Array) -> None:
    """Raises ValueError unless boxes are (R, 4)."""
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{op}: boxes are (R, 4), each (x_min, y_min, x_max, y_max) (got {boxes.shape}); "
            "give one row of four numbers for each box"
        )


def draw_boxes(rng: np.random.Generator, R: int, H: float, W: float) -> np.ndarray:
    """R boxes that may reach a little over the edges of an image; (R, 4)."""
    x, y = rng.uniform(-0.2 * W, 0.7 * W, R), rng.uniform(-0.2 * H, 0.7 * H, R)
    w, h = rng.uniform(0.1 * W, 0.8 * W, R), rng.uniform(0.1 * H, 0.8 * H, R)
    return np.stack([x, y, x + w, y + h], 1)


def bad_rois(rng: np.random.Generator, op: str) -> Iterable[ErrorSample]:
    """What both ops refuse."""
    x, boxes, index = rng.normal(size=(2, 3, 5, 6)), draw_boxes(rng, 4, 5, 6), np.arange(4) % 2

    def bad(
        words: str, error: type[Exception] = ValueError, *, on: Any = x, at: Any = boxes,
        number: Any = index, **params: Any,
    ) -> ErrorSample:  # fmt: skip
        return ErrorSample((on, at, number), {"output_size": 2, **params}, error, f"{op}: {words}")

    yield bad("images are (N, C, H, W) (got x (3, 5, 6), without a batch axis)", on=x[0])
    yield bad("x must be of a float dtype", TypeError, on=x.astype(np.int64))
    yield bad("boxes must be of a float dtype", TypeError, at=boxes.astype(np.int64))
    yield bad("inputs are of different dtypes", TypeError, at=boxes.astype(np.float32))
    yield bad("boxes are (R, 4), each", at=boxes[0])
    yield bad("boxes are (R, 4), each", at=boxes[:, :3])
    yield bad("index is int64 (got float64)", TypeError, number=index * 1.0)
    yield bad("there is one image for each box", number=index[:3])
    yield bad("a box lies on an image that does not exist (got number 2, x", number=index + 1)
    yield bad("a box lies on an image that does not exist (got number -1", number=index - 1)
    yield bad("output_size is at least 0 (got -1)", output_size=-1)
    yield bad("output_size is an int or 2 ints", TypeError, output_size=(2, 2, 2))
    yield bad("spatial_scale is a number (got '1/16')", TypeError, spatial_scale="1/16")
