"""roi_pool: known answers, rounding, ties, NaN, empty bins, no second derivative."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.autograd import Tensor, apply, grad, tensor
from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.roi.roi_pool import OP

BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])  # the reference, the kernel
IMAGE = np.arange(20.0).reshape(1, 1, 4, 5)


def pool(dtype, box, x=IMAGE, **params):
    """(y, where the winners lie)."""
    arrays = x.astype(dtype), np.array([box], dtype), np.array([0])
    y, saved = OP.run(arrays, {"output_size": 1, **params})
    return y[0, 0].tolist(), saved.indices[0, 0].tolist()


@BOTH
def test_bins(dtype):
    """Columns 0 to 4 in two bins are ⌊0⌋ … ⌈2.5⌉ and ⌊2.5⌋ … ⌈5⌉: column 2 is in both."""
    assert pool(dtype, (0, 0, 4, 1), output_size=(1, 2)) == ([[7, 9]], [[7, 9]])
    x = np.where(IMAGE == 2, 99.0, IMAGE)
    assert pool(dtype, (0, 0, 4, 1), x=x, output_size=(1, 2)) == ([[99, 99]], [[2, 2]])
    assert pool(dtype, (1, 1, 2, 2), output_size=2)[0] == [[6, 7], [11, 12]]


@BOTH
def test_halves_are_rounded_away_from_zero(dtype):
    assert pool(dtype, (0.5, 0, 1.5, 0))[0] == [[2]]  # columns 1 and 2
    assert pool(dtype, (0.49, 0, 1.49, 0))[0] == [[1]]
    assert pool(dtype, (1, 2, 3, 5), spatial_scale=0.5)[0] == [[17]]  # columns 1, 2, rows 1 to 3
    assert pool(dtype, (-0.5, 0, -0.5, 0))[0] == [[0]]  # column −1: outside
    assert pool(dtype, (-0.49, 1, -0.49, 1))[0] == [[5]]


@BOTH
def test_a_bin_without_a_pixel_is_0_and_has_no_gradient(dtype):
    x = IMAGE.astype(dtype) - 50
    boxes = np.array([[-3, 0, 1, 0], [9, 9, 12, 12], [0, np.nan, 2, 2]], dtype)
    y, saved = OP.run((x, boxes, np.zeros(3, np.int64)), {"output_size": (1, 2)})
    assert y[:, 0, 0].tolist() == [[0, -49], [0, 0], [0, 0]]
    (gx, *_) = OP.differentiate(np.ones_like(y), saved, (True, False, False))
    assert gx.sum() == gx[0, 0, 0, 1] == 1


@BOTH
def test_a_turned_box_is_one_pixel(dtype):
    assert pool(dtype, (3, 3, 1, 1))[0] == [[18]]


@BOTH
def test_the_first_of_equals_wins(dtype):
    x = np.array([[0, 3, 1], [3, 3, 3]])[None, None]
    assert pool(dtype, (0, 0, 2, 1), x=x) == ([[3]], [[1]])
    assert pool(dtype, (0, 0, 2, 1), x=np.full(x.shape, -np.inf)) == ([[-np.inf]], [[0]])


@BOTH
def test_the_last_nan_wins(dtype):
    x = np.array([[np.nan, 9, 1], [3, np.nan, 3]])[None, None]
    y, places = pool(dtype, (0, 0, 2, 1), x=x)
    assert np.isnan(y).all() and places == [[4]]
    y, places = pool(dtype, (1, 0, 2, 0), x=x)
    assert y == [[9]]


@BOTH
def test_gradients_of_boxes_with_one_winner_add_up(dtype):
    x, boxes = IMAGE.astype(dtype), np.array([[0, 0, 4, 3], [3, 2, 4, 3], [0, 0, 0, 0]], dtype)
    y, saved = OP.run((x, boxes, np.zeros(3, np.int64)), {"output_size": 1})
    gy = np.array([1, 2, 4], dtype).reshape(3, 1, 1, 1)
    gx, *none = OP.differentiate(gy, saved, (True, False, False))
    want = np.zeros((4, 5))
    want[3, 4], want[0, 0] = 3, 4
    np.testing.assert_array_equal(gx[0, 0], want)
    assert gx.dtype == dtype and none == [None, None]


def test_has_no_second_derivative_and_says_so():
    x = Tensor(IMAGE, requires_grad=True)
    y = apply(OP, x, Tensor(np.ones((1, 4))), tensor([0]), output_size=1)
    with pytest.raises(RuntimeError, match="roi_pool: has no second derivative"):
        grad(y.sum(), [x], create_graph=True)


def test_the_kernel_is_what_runs_in_float32():
    """Else the float32 tests here would say nothing about it."""
    pytest.importorskip("numba")
    with use_kernels("fast"):
        kernel = find_kernel("roi_pool", "cpu")
    x, boxes, index = IMAGE.astype(np.float32), np.ones((1, 4), np.float32), np.array([0])
    assert kernel.supports(x, boxes, index, output_size=2)
    assert not kernel.supports(x.astype(np.float16), boxes, index, output_size=2)
