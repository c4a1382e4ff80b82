"""avg_pool: known answers, above all for the divisor."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.avg_pool import OP

IMAGE = np.array([[1.0, 5, 2, 0], [3, 3, 8, 6], [9, 6, 0, 1], [2, 3, 4, 7]])[None, None]


def pool(x, **params):
    return OP(x, **params)[0, 0].tolist()


def test_tiles():
    assert pool(IMAGE, kernel_size=2) == [[3, 4], [5, 3]]


def test_gradient_spreads_and_adds_up():
    _, saved = OP.run((IMAGE,), {"kernel_size": 3, "stride": 1})
    (gx,) = OP.differentiate(np.array([[[[9.0, 18], [36, 72]]]]), saved, (True,))
    middle = [5, 15, 15, 10]
    np.testing.assert_allclose(gx[0, 0], [[1, 3, 3, 2], middle, middle, [4, 12, 12, 8]])


def test_padding_counts_or_not():
    ones = np.ones((1, 1, 2, 2))
    params = {"kernel_size": 2, "stride": 1, "padding": 1}
    assert pool(ones, **params) == [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]
    assert pool(ones, **params, count_include_pad=False) == [[1.0] * 3] * 3


def test_what_hangs_over_the_padding_is_never_counted():
    """Windows of 1 × 3 at −1, 1 and 3 on four ones: the last holds a one and one of padding."""
    ones = np.ones((1, 1, 1, 4))
    params = {"kernel_size": (1, 3), "stride": (1, 2), "padding": (0, 1), "ceil_mode": True}
    assert pool(ones, **params) == [[2 / 3, 1, 1 / 2]]
    assert pool(ones, **params, count_include_pad=False) == [[1, 1, 1]]


def test_no_window_starts_in_the_padding_at_the_end():
    """Windows of 2 at −1, 1 and 3 on four numbers; with padding the next would start at 5."""
    row = np.array([1.0, 3, 5, 7]).reshape(1, 1, 1, 4)
    params = {"kernel_size": (1, 2), "stride": (1, 2), "padding": (0, 1), "ceil_mode": True}
    assert pool(row, **params) == [[0.5, 4, 3.5]]
    assert pool(row[..., :3], **params) == [[0.5, 4]]


def test_divisor_override():
    assert pool(IMAGE, kernel_size=2, divisor_override=1) == [[12, 16], [20, 12]]


def test_lines_and_volumes():
    line = np.array([1.0, 5, 2, 0, 9, 3])
    assert OP(line[None, None], kernel_size=2, padding=1).tolist() == [[[0.5, 3.5, 4.5, 1.5]]]
    volume = line.reshape(1, 1, 2, 1, 3)
    assert OP(volume, kernel_size=(2, 1, 2), stride=1).ravel().tolist() == [3.75, 4.75]


def test_integers_are_cut_off_towards_zero():
    x = np.array([-5, 0, 4, 3])[None, None]
    y = OP(x, kernel_size=2)
    assert y.tolist() == [[[-2, 3]]] and y.dtype == np.int64
    y = OP(x[:, :, None], kernel_size=(1, 2), divisor_override=-2)
    assert y.tolist() == [[[[2, -3]]]]


def test_volumes_are_not_smaller_than_the_kernel():
    with pytest.raises(ValueError, match="avg_pool3d: the kernel is larger than the image"):
        OP(np.ones((1, 1, 3, 3, 3)), kernel_size=4, padding=1)
    assert OP(np.ones((1, 1, 3, 3)), kernel_size=4, padding=1).shape == (1, 1, 1, 1)


def test_half_precision_is_added_up_in_single():
    x = np.full((1, 1, 8, 8), 3e4, np.float16)
    y = OP(x, kernel_size=8)
    assert y.dtype == np.float16 and float(y[0, 0, 0, 0]) == float(x[0, 0, 0, 0])
