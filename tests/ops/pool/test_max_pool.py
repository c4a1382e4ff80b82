"""max_pool: known answers, ties, NaN, −inf, ceil_mode, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.autograd import Tensor, apply, grad
from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.max_pool import OP

IMAGE = np.array([[1.0, 5, 2, 0], [3, 4, 8, 7], [9, 6, 0, 1], [2, 3, 4, 5]])[None, None]
BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])  # the reference, the kernel


def pool(x, **params):
    y, indices = OP.run((x,), params)[0]
    return y[0, 0].tolist(), indices[0, 0].tolist()


@BOTH
def test_tiles(dtype):
    assert pool(IMAGE.astype(dtype), kernel_size=2) == ([[5, 8], [9, 5]], [[1, 6], [8, 15]])


@BOTH
def test_gradients_go_to_the_winners_and_add_up(dtype):
    """8 wins in all four windows of 3 × 3 but the lower left one, where 9 does."""
    x = IMAGE.astype(dtype)
    (y, _), saved = OP.run((x,), {"kernel_size": 3, "stride": 1})
    assert y[0, 0].tolist() == [[9, 8], [9, 8]]
    (gx,) = OP.differentiate(np.array([[[[1, 2], [4, 8]]]], dtype), saved, (True,))
    want = np.zeros((4, 4))
    want[2, 0], want[1, 2] = 1 + 4, 2 + 8
    np.testing.assert_array_equal(gx[0, 0], want)
    assert gx.dtype == dtype


@BOTH
def test_the_first_of_equals_wins(dtype):
    assert pool(np.ones((1, 1, 2, 2), dtype), kernel_size=2) == ([[1]], [[0]])
    x = np.array([[0, 3, 1], [3, 3, 3]], dtype)[None, None]
    assert pool(x, kernel_size=(2, 3)) == ([[3]], [[1]])


@BOTH
def test_the_last_nan_wins(dtype):
    x = np.array([[np.nan, 9, 1], [3, np.nan, 3]], dtype)[None, None]
    y, indices = pool(x, kernel_size=(2, 3))
    assert np.isnan(y).all() and indices == [[4]]


@BOTH
def test_padding_never_wins(dtype):
    """Where all is −inf, the first element inside the image does."""
    x = np.full((1, 1, 2, 2), -np.inf, dtype)
    y, indices = pool(x, kernel_size=2, padding=1)
    assert indices == [[0, 1], [2, 3]] and np.isneginf(y).all()


@BOTH
def test_ceil_mode(dtype):
    """A window may hang over the edge, but may not start in the padding there."""
    x = np.arange(5, dtype=dtype).reshape(1, 1, 1, 5)
    row = {"kernel_size": (1, 2), "stride": (1, 2)}
    assert pool(x, **row)[0] == [[1, 3]]
    assert pool(x, **row, ceil_mode=True)[0] == [[1, 3, 4]]
    assert pool(x, **row, padding=(0, 1), ceil_mode=True)[0] == [[0, 2, 4]]
    assert pool(x[..., :4], **row, padding=(0, 1), ceil_mode=True)[0] == [[0, 2, 3]]


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_integers(dtype):
    assert pool(IMAGE.astype(dtype), kernel_size=2, padding=1)[0] == [
        [1, 5, 0],
        [9, 8, 7],
        [2, 4, 5],
    ]


def test_second_derivative_is_a_pick_at_the_same_places():
    x = Tensor(IMAGE, dtype=np.float64, requires_grad=True)
    gy = Tensor(np.arange(1.0, 5).reshape(1, 1, 2, 2), dtype=np.float64, requires_grad=True)
    y, _ = apply(OP, x, kernel_size=2)
    (gx,) = grad(y, [x], gy, create_graph=True)
    (ggy,) = grad(gx, [gy], Tensor(IMAGE * 10, dtype=np.float64))
    assert ggy.array[0, 0].tolist() == [[50, 80], [90, 50]]


def test_the_kernel_is_what_runs_in_float32():
    """Else the float32 tests here would say nothing about it."""
    numba = pytest.importorskip("numba")
    from minitorch_cv.backend.registry import find_kernel

    assert numba is not None
    with use_kernels("fast"):
        kernel = find_kernel("max_pool", "cpu")
    assert kernel is not None
    assert kernel.supports(IMAGE.astype(np.float32), kernel_size=2)
    assert not kernel.supports(IMAGE, kernel_size=2)


@BOTH
def test_a_window_without_a_pixel(dtype):
    """Rows −1 and 1 of an image of one row; columns −1 and 1 hold a pixel, 0 and 2 hold another."""
    x = np.array([[5.0, 7]], dtype)[None, None]
    params = {"kernel_size": 2, "stride": 1, "padding": (0, 1), "dilation": (1, 2)}
    assert pool(np.concatenate([x, x], 2), **params) == ([[7, 5]], [[1, 0]])
    params["padding"], params["dilation"] = (1, 1), (2, 2)
    (y, indices), saved = OP.run((x,), params)
    assert np.isneginf(y).all() and indices[0, 0].tolist() == [[3, 2]]
    (gx,) = OP.differentiate(np.ones_like(y), saved, (True,))
    assert gx.shape == x.shape and gx.dtype == dtype and not gx.any()
    whole, places = OP.run((x.astype(np.int8),), params)[0]
    assert (whole == -128).all() and (places == indices).all()


@BOTH
def test_taps_as_far_apart_as_the_image_is_long(dtype):
    """Three rows apart: the first window has rows −1 and 2, the second 0 and 3."""
    x = np.array([[5.0], [7.0]], dtype)[None, None]
    params = {"kernel_size": (2, 1), "stride": 1, "padding": (1, 0), "dilation": (3, 1)}
    (y, indices), saved = OP.run((x,), params)
    assert y[0, 0].tolist() == [[-np.inf]] and indices[0, 0].tolist() == [[2]]
    x = np.array([[5.0], [7.0], [6.0]], dtype)[None, None]
    (y, indices), saved = OP.run((x,), params)
    assert y[0, 0].tolist() == [[6], [5]] and indices[0, 0].tolist() == [[2], [0]]
    (gx,) = OP.differentiate(np.array([[[[2], [3]]]], dtype), saved, (True,))
    assert gx[0, 0].tolist() == [[3], [0], [2]]


@BOTH
def test_lines_and_volumes(dtype):
    x = np.array([1, 5, 2, 0, 9, 3], dtype)
    y, indices = OP.run((x[None, None],), {"kernel_size": 2})[0]
    assert y[0, 0].tolist() == [5, 2, 9] and indices[0, 0].tolist() == [1, 2, 4]
    (y, indices), saved = OP.run((x.reshape(1, 1, 2, 1, 3),), {"kernel_size": (2, 1, 2)})
    assert y.ravel().tolist() == [9] and indices.ravel().tolist() == [4]
    (gx,) = OP.differentiate(np.full((1, 1, 1, 1, 1), 7, dtype), saved, (True,))
    assert gx.ravel().tolist() == [0, 0, 0, 0, 7, 0] and gx.shape == (1, 1, 2, 1, 3)


def test_a_kernel_beyond_the_image_answers_with_ceil_mode_alone():
    x = np.arange(5.0).reshape(1, 1, 5)
    assert OP(x, kernel_size=6, ceil_mode=True)[0].tolist() == [[[4]]]
    with pytest.raises(ValueError, match="max_pool1d: the kernel is larger than the padded"):
        OP(x, kernel_size=6)
