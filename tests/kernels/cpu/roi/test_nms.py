"""The numba NMS keeps the boxes that the reference keeps, on many more of them."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.roi.nms import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.roi.nms")


def boxes_of(R, seed, grid=0.0):
    """With `grid` corners and scores are rounded, so that overlaps and scores are often equal."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 60, (R, 2))
    boxes = np.concatenate([low, low + rng.uniform(-1, 30, (R, 2))], 1)
    scores = rng.uniform(size=R)
    if grid:
        boxes, scores = np.round(boxes / grid) * grid, np.round(scores, 1)
    return boxes.astype(np.float32), scores.astype(np.float32)


@pytest.mark.parametrize("R", [1, 2, 17, 300])
@pytest.mark.parametrize("threshold", [0, 0.25, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("grid", [0.0, 8.0])
def test_equals_the_reference(R, threshold, grid):
    arrays = boxes_of(R, R, grid)
    assert kernel.supports(*arrays, iou_threshold=threshold)
    y, fields = kernel.forward(*arrays, iou_threshold=threshold)
    with np.errstate(all="ignore"):
        want, _ = OP.forward(*arrays, iou_threshold=threshold)
    np.testing.assert_array_equal(y, want)
    assert y.dtype == np.int64 and fields == ()


def test_nan_and_infinities():
    rng = np.random.default_rng(0)
    boxes, scores = boxes_of(60, 1, 8.0)
    boxes[rng.integers(60, size=12), rng.integers(4, size=12)] = np.repeat(
        [np.nan, np.inf, -np.inf], 4
    )
    scores[::7], scores[::11], scores[::13] = np.nan, np.inf, -np.inf
    y, _ = kernel.forward(boxes, scores, iou_threshold=0.3)
    with np.errstate(all="ignore"):
        want, _ = OP.forward(boxes, scores, iou_threshold=0.3)
    np.testing.assert_array_equal(y, want)


def test_not_contiguous_and_none():
    boxes, scores = boxes_of(40, 2)
    y, _ = kernel.forward(np.asfortranarray(boxes)[::-2], scores[::-2], iou_threshold=0.3)
    want, _ = OP.forward(boxes[::-2], scores[::-2], iou_threshold=0.3)
    np.testing.assert_array_equal(y, want)
    assert kernel.forward(boxes[:0], scores[:0], iou_threshold=0.3)[0].tolist() == []


def test_takes_float32_alone():
    boxes, scores = boxes_of(3, 3)
    assert not kernel.supports(boxes.astype(np.float64), scores.astype(np.float64))
