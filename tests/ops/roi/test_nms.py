"""nms: known answers, the threshold itself, equal scores, NaN, boxes without an area."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.roi.nms import OP

BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])  # the reference, the kernel


def kept(dtype, boxes, scores, threshold):
    y = OP(np.array(boxes, dtype), np.array(scores, dtype), iou_threshold=threshold)
    assert y.dtype == np.int64
    return y.tolist()


THREE = [[0, 0, 4, 4], [0, 0, 4, 3], [3, 0, 7, 4]]  # IoU: 0.75, 4 / 28, 3 / 25


@BOTH
def test_the_best_of_those_that_overlap_stays(dtype):
    assert kept(dtype, THREE, [0.9, 0.8, 0.7], 0.5) == [0, 2]
    assert kept(dtype, THREE, [0.1, 0.8, 0.9], 0.5) == [2, 1]
    assert kept(dtype, THREE, [0.9, 0.8, 0.7], 0.14) == [0]
    assert kept(dtype, THREE, [0.9, 0.8, 0.7], 1.0) == [0, 1, 2]


@BOTH
def test_a_box_that_is_suppressed_suppresses_none(dtype):
    """0 covers 1, and 1 would have covered 2."""
    row = [[0, 0, 10, 1], [4, 0, 14, 1], [8, 0, 18, 1]]
    assert kept(dtype, row, [3, 2, 1], 0.4) == [0, 2]


@BOTH
def test_an_overlap_as_large_as_the_threshold_is_kept(dtype):
    assert kept(dtype, THREE[:2], [2, 1], 0.75) == [0, 1]
    assert kept(dtype, THREE[:2], [2, 1], 0.75 - 1e-12) == [0]


def test_the_overlap_is_rounded_before_it_is_compared():
    """1 / 10 in float32 is larger than the threshold 0.1, which keeps its own precision."""
    boxes = [[0, 0, 10, 1], [3, 0, 4, 1]]
    assert kept(np.float64, boxes, [2, 1], 0.1) == [0, 1]
    assert kept(np.float32, boxes, [2, 1], 0.1) == [0]
    with use_kernels("reference"):
        assert kept(np.float32, boxes, [2, 1], 0.1) == [0]


@BOTH
def test_of_equal_scores_the_first_comes_first(dtype):
    assert kept(dtype, [THREE[0]] * 4, [1, 2, 2, 1], 0.5) == [1]
    apart = [[9 * k, 0, 9 * k + 1, 1] for k in range(5)]
    assert kept(dtype, apart, [1, 2, 1, 2, 1], 0.5) == [1, 3, 0, 2, 4]


@BOTH
def test_nan_comes_first_and_a_box_with_nan_is_kept(dtype):
    apart = [[9 * k, 0, 9 * k + 1, 1] for k in range(4)]
    assert kept(dtype, apart, [1, np.nan, np.inf, np.nan], 0.5) == [1, 3, 2, 0]
    odd = [[0, 0, 4, 4], [0, 0, np.nan, 4], [0, 0, 4, np.nan]]
    assert kept(dtype, odd, [1, 2, 0], 0.0) == [1, 0, 2]


@BOTH
def test_boxes_without_an_area(dtype):
    """0 / 0 is no overlap; a point inside a box has none either."""
    points = [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 2, 2]]
    with np.errstate(all="raise"):
        assert kept(dtype, points, [1, 2, 3], 0.0) == [2, 1, 0]


@BOTH
def test_no_boxes(dtype):
    assert kept(dtype, np.zeros((0, 4)), np.zeros(0), 0.5) == []


def test_the_kernel_is_what_runs_in_float32():
    """Else the float32 tests here would say nothing about it."""
    pytest.importorskip("numba")
    with use_kernels("fast"):
        kernel = find_kernel("nms", "cpu")
    boxes, scores = np.zeros((2, 4), np.float32), np.zeros(2, np.float32)
    assert kernel.supports(boxes, scores, iou_threshold=0.5)
    assert not kernel.supports(boxes.astype(np.float64), scores, iou_threshold=0.5)
