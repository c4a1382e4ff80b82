"""roi_align: known answers at the edges, adaptive sampling, what a NaN reaches, odd boxes."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.roi.roi_align import OP

BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])  # the reference, the kernel
RAMP = np.broadcast_to(np.arange(6.0), (1, 1, 5, 6))  # x[h, w] = w


def align(dtype, box, x=RAMP, **params):
    boxes = np.array([box], dtype)
    return OP(x.astype(dtype), boxes, np.array([0]), **{"output_size": 1, **params})[0, 0].tolist()


@BOTH
def test_a_ramp_gives_the_places_of_the_bins(dtype):
    """Bins of the box from 1 to 4 are 1.5 wide, their centres lie at 1.75 and 3.25."""
    box = (1, 0, 4, 4)
    for ratio in (1, 2, 4, -1):
        got = align(dtype, box, output_size=(1, 2), sampling_ratio=ratio)
        np.testing.assert_allclose(got, [[1.75, 3.25]], rtol=1e-6)
    got = align(dtype, box, output_size=(1, 2), aligned=True)
    np.testing.assert_allclose(got, [[1.25, 2.75]], rtol=1e-6)
    got = align(dtype, (2, 0, 8, 8), output_size=(1, 2), spatial_scale=0.5)
    np.testing.assert_allclose(got, [[1.75, 3.25]], rtol=1e-6)


@BOTH
def test_the_edges(dtype):
    """Up to one pixel outside the edge counts, as if it lay on it; further out is 0."""
    one = {"sampling_ratio": 1, "aligned": True}
    assert align(dtype, (5.2, 1, 6.8, 2), **one) == [[5]]  # the sample lies at 5.5
    assert align(dtype, (6.2, 1, 7.2, 2), **one) == [[0]]  # at 6.2
    assert align(dtype, (-0.5, 1, 0.5, 2), x=RAMP + 1, **one) == [[1]]  # at −0.5
    assert align(dtype, (-1.25, 1, -0.25, 2), x=RAMP + 1, **one) == [[0]]  # at −1.25
    half = align(dtype, (-3, 0, 1, 4), x=RAMP + 1, sampling_ratio=4)  # −2.5, −1.5, −0.5, 0.5
    np.testing.assert_allclose(half, [[(1 + 1.5) / 4]])


@BOTH
def test_a_box_without_a_size(dtype):
    """It has the size 1 if it is not aligned; else its samples all lie in one place."""
    np.testing.assert_allclose(align(dtype, (2, 2, 2, 2), sampling_ratio=2), [[2.5]])
    np.testing.assert_allclose(align(dtype, (2, 2, 2, 2), sampling_ratio=2, aligned=True), [[1.5]])
    assert align(dtype, (2, 2, 2, 2), aligned=True) == [[0]]  # no pixels, no samples
    np.testing.assert_allclose(align(dtype, (4, 2, 1, 1), sampling_ratio=2), [[4.5]])


@BOTH
def test_a_box_that_is_not_finite_answers_0(dtype):
    for place in range(4):
        for bad in (np.nan, np.inf, -np.inf):
            box = [1.0, 1, 3, 3]
            box[place] = bad
            for params in ({}, {"sampling_ratio": 2}, {"aligned": True}):
                assert align(dtype, box, **params) == [[0]]


@BOTH
def test_a_huge_box_ends(dtype):
    assert np.isfinite(align(dtype, (-1e30, -1e30, 1e30, 1e30), output_size=2)).all()
    assert np.isfinite(align(dtype, (0, 0, 1e9, 1e9))).all()
    assert np.isfinite(align(dtype, (-1e8, -1e8, 1e8, 1e8))).all()


@BOTH
def test_a_nan_reaches_only_bins_that_use_it(dtype):
    """Samples lie in rows 1, 2 and 3, 4, and from 1.06 on in between columns."""
    x = np.array(RAMP)
    x[0, 0, 2, 4], x[0, 0, 1, 1] = np.nan, np.inf
    got = align(dtype, (0.5, 0.5, 5, 4.5), x=x, output_size=(2, 2), sampling_ratio=2)
    assert np.isposinf(got[0][0]) and np.isnan(got[0][1])
    assert np.isfinite(got[1]).all()


@BOTH
def test_gradients_of_boxes_on_one_pixel_add_up(dtype):
    x = RAMP.astype(dtype)
    boxes = np.array([[1.5, 1.5, 2.5, 2.5]] * 3 + [[3.0, 3, 4, 4]], dtype)
    y, saved = OP.run((x, boxes, np.zeros(4, np.int64)), {"output_size": 1, "sampling_ratio": 1})
    gy = np.array([1, 2, 4, 8], dtype).reshape(4, 1, 1, 1)
    gx, *none = OP.differentiate(gy, saved, (True, False, False))
    want = np.zeros((5, 6))
    want[2, 2], want[3:5, 3:5] = 7, 2
    np.testing.assert_allclose(gx[0, 0], want, atol=1e-6)
    assert none == [None, None] and gx.dtype == dtype


def test_the_kernel_is_what_runs_in_float32():
    """Else the float32 tests here would say nothing about it."""
    pytest.importorskip("numba")
    with use_kernels("fast"):
        kernel = find_kernel("roi_align", "cpu")
    x, boxes, index = RAMP.astype(np.float32), np.ones((1, 4), np.float32), np.array([0])
    assert kernel.supports(x, boxes, index, output_size=2)
    assert not kernel.supports(x * 1.0, boxes.astype(np.float64), index, output_size=2)
