"""adaptive_avg_pool: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.adaptive_avg_pool import OP

ROW = np.array([1.0, 2, 3, 4, 5]).reshape(1, 1, 1, 5)


def pool(x, size):
    return OP(x, output_size=size)[0, 0].tolist()


def test_global_pooling_is_the_mean():
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    np.testing.assert_allclose(OP(x, output_size=1)[0, :, 0, 0], [2.5, 8.5])


def test_windows_share_what_does_not_divide():
    """Five columns in two windows: [0, 3) and [2, 5); in three: [0, 2), [1, 4) and [3, 5)."""
    assert pool(ROW, (1, 2)) == [[2, 4]]
    assert pool(ROW, (1, 3)) == [[1.5, 3, 4.5]]


def test_a_larger_output_repeats_pixels():
    assert pool(ROW[..., :2], (1, 4)) == [[1, 1, 2, 2]]


def test_none_keeps_the_size_of_the_image():
    assert pool(ROW, (None, None)) == ROW[0, 0].tolist()


def test_lines_and_volumes():
    assert OP(ROW[0], output_size=2).tolist() == [[[2, 4]]]
    volume = np.arange(12.0).reshape(1, 1, 2, 2, 3)
    assert OP(volume, output_size=(1, 2, 1)).ravel().tolist() == [4, 7]


def test_the_mean_of_no_pixels_is_nan():
    assert np.isnan(OP(np.ones((1, 2, 0, 3)), output_size=1)).all()
    with pytest.raises(ValueError, match="adaptive_avg_pool2d: the images have no pixels"):
        OP(np.ones((1, 2, 0, 3)), output_size=2)


def test_half_precision_counts_beyond_2048():
    """2049, the number of elements, is no number of float16."""
    assert OP(np.ones((1, 1, 2049), np.float16), output_size=1).tolist() == [[[1]]]


def test_gradient_adds_up_where_windows_cross():
    _, saved = OP.run((ROW,), {"output_size": (1, 2)})
    (gx,) = OP.differentiate(np.array([[[[3.0, 6]]]]), saved, (True,))
    assert gx[0, 0].tolist() == [[1, 1, 3, 2, 2]]
