"""im2col and col2im: known answers, and that they are adjoint."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.conv.im2col import COL2IM, OP

IMAGE = np.arange(1.0, 7).reshape(1, 1, 2, 3)  # 1 2 3 / 4 5 6


def test_every_window_is_a_column():
    np.testing.assert_array_equal(OP(IMAGE, kernel_size=2), [[[1, 2], [2, 3], [4, 5], [5, 6]]])


def test_rows_run_over_channels_first():
    x = np.concatenate([IMAGE, 10 * IMAGE], axis=1)
    column = OP(x, kernel_size=(2, 3))[0, :, 0]
    np.testing.assert_array_equal(column, [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60])


def test_padding_is_zero_and_stride_and_dilation_skip():
    cols = OP(IMAGE, kernel_size=2, stride=2, padding=1, dilation=2)
    np.testing.assert_array_equal(cols, [[[0, 0], [0, 0], [0, 5], [5, 0]]])


def test_col2im_adds_up_what_windows_share():
    ones = np.ones((1, 4, 2))
    y = COL2IM(ones, output_size=(2, 3), kernel_size=2)
    np.testing.assert_array_equal(y[0, 0], [[1, 2, 1], [1, 2, 1]])


def test_col2im_gives_memory_of_its_own_size():
    y = COL2IM(np.ones((1, 9, 16)), output_size=(4, 4), kernel_size=3, padding=1)
    assert y.flags.c_contiguous and y.shape == (1, 1, 4, 4)


@pytest.mark.parametrize("params", [
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (2, 1), "dilation": (2, 1)},
    {"kernel_size": 2, "stride": 3},
])  # fmt: skip
def test_adjoint(params):
    """⟨im2col x, c⟩ = ⟨x, col2im c⟩."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 7, 8))
    cols = OP(x, **params)
    c = rng.normal(size=cols.shape)
    back = COL2IM(c, output_size=(7, 8), **params)
    assert np.sum(cols * c) == pytest.approx(np.sum(x * back), rel=1e-12)
