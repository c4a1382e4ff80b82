"""nms.cu: many boxes, bits in pieces, ties, odd boxes; nobody waits before the kept are picked."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.roi import nms

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

OP = op_named("nms")
RNG = np.random.default_rng(6)


def both(order, boxes, scores, threshold):
    """(kernel's, reference's) numbers of the boxes that are kept."""
    with use_kernels("reference"):
        want, _ = OP.run((boxes, scores), {"iou_threshold": threshold})
    device = emulated_cuda(order)
    with device as counters:
        given = [device.library.from_numpy(a) for a in (boxes, scores)]
        got, _ = OP.run(given, {"iou_threshold": threshold})
        assert counters.total() == 0 and counters.masks == 1
        return got.get(), want


def crowd(R, size=0.2):
    corners = RNG.uniform(0, 1, (R, 2))
    sides = RNG.uniform(0.3 * size, size, (R, 2))
    return np.concatenate([corners, corners + sides], 1).astype(np.float32)


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.3, 0.7, 1.0, np.inf])
@pytest.mark.parametrize("R", [1, 63, 64, 65, 300])
def test_random_boxes(R, threshold, order):
    got, want = both(order, crowd(R), RNG.uniform(size=R).astype(np.float32), threshold)
    np.testing.assert_array_equal(got, want)


def test_more_words_than_warps(order):
    """700 boxes are 11 words, and two warps go through them."""
    boxes, scores = crowd(700, 0.1), RNG.uniform(size=700).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nms, "_SCAN_THREADS", 64)
        patch.setattr(nms, "_ACROSS", 2)
        got, want = both(order, boxes, scores, 0.3)
    assert 100 < len(want) < 600
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("rows", [64, 192])
def test_bits_in_pieces(rows, order, monkeypatch):
    monkeypatch.setattr(nms, "_WORKSPACE", rows * 8 * 7)
    got, want = both(order, crowd(400), RNG.uniform(size=400).astype(np.float32), 0.4)
    np.testing.assert_array_equal(got, want)


def test_equal_scores_and_nan(order):
    scores = RNG.integers(4, size=200).astype(np.float32)
    scores[::17] = np.nan
    got, want = both(order, crowd(200), scores, 0.3)
    np.testing.assert_array_equal(got, want)


def test_boxes_that_are_none(order):
    boxes = crowd(150, 0.6)
    boxes[::7] = boxes[::7, [2, 3, 0, 1]]
    boxes[1::7, 2:] = boxes[1::7, :2]
    boxes[2::11, 1], boxes[3::13, 2], boxes[4::17, 0] = np.nan, np.inf, -np.inf
    for threshold in (-0.5, 0.0, 0.4):
        got, want = both(order, boxes, RNG.uniform(size=150).astype(np.float32), threshold)
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("share", [(1, 3), (2, 3), (3, 7), (5, 6), (1, 10), (7, 10)])
def test_an_overlap_as_large_as_the_threshold(share, order):
    """Rounded to float32 it lies above the number in float64, or below."""
    part, whole = share
    boxes = np.array([[0, 0, whole, 1], [0, 0, part, 1]], np.float32)
    for threshold in (part / whole, float(np.float32(part) / np.float32(whole))):
        got, want = both(order, boxes, np.array([1, 0.5], np.float32), threshold)
        np.testing.assert_array_equal(got, want)


def test_a_fixed_size_form_does_not_wait(order):
    boxes, scores = crowd(100), RNG.uniform(size=100).astype(np.float32)
    with emulated_cuda(order) as counters:
        given = [counters.library.from_numpy(a) for a in (boxes, scores)]
        numbers, kept = nms.keep(*given, 0.4)
        assert numbers.shape == kept.shape == (100,) and kept.dtype == np.bool_
        assert counters.total() == counters.masks == 0
        got = numbers.get()[kept.get()]
    np.testing.assert_array_equal(got, both(order, boxes, scores, 0.4)[1])
