"""softmax.cu: short and long lines, along any axis, hard numbers."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import rows
from minitorch_cv.kernels.cuda.activation.softmax import share_lines

# 4096 = 16 · 256 and 128 = 16 · 8 values are the most that a row's and a line's threads keep.
ROWS = [(7, 32), (11, 45), (3, 512), (3, 513), (3, 700), (2, 3, 1500), (2, 4096), (2, 4097),
        (2, 11000), (40,)]  # fmt: skip
LINES = [((9, 5), 1), ((5, 7), 0), ((2, 16, 9), 1), ((2, 17, 9), 1), ((2, 21, 5, 9), 1),
         ((3, 100, 33), -2), ((128, 3), 0), ((129, 3), 0), ((300, 2), 0), ((2, 1), 1)]  # fmt: skip
SPOILED = [((3, 50), 1), ((4, 5), 1), ((70, 4), 0), ((2, 300), 1)]


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_rows(shape, name, compare, draw, blocks):
    compare(name, draw(*shape) * 3, axis=-1)
    assert compare.launched == {"softmax_rows", "softmax_rows_backward"}


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape, axis", LINES, ids=str)
def test_lines(shape, axis, name, compare, draw, blocks):
    compare(name, draw(*shape) * 3, axis=axis)
    assert compare.launched == {"softmax_lines", "softmax_lines_backward"}


@pytest.mark.parametrize("shape, axis", SPOILED, ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_hard_numbers(name, shape, axis, compare, draw):
    """−∞ is what cannot be; NaN, +∞ and nothing but −∞ spoil their line alone."""
    for spoil in ([-np.inf], [np.nan], [np.inf], [np.nan, np.inf, -np.inf]):
        x = np.moveaxis(draw(*shape) * 200, axis, -1).copy()
        x[1, : len(spoil)] = spoil
        compare(name, np.moveaxis(x, -1, axis), axis=axis)
    x[0] = -np.inf
    compare(name, np.moveaxis(x, -1, axis), axis=axis)


@pytest.mark.parametrize("shape, axis", [((3, 50), 1), ((2, 700), 1), ((9, 5), 1), ((70, 4), 0)])
def test_all_far_below_zero(shape, axis, compare, draw):
    """The largest is taken off first, whatever it is: eˣ alone would be 0 for all."""
    compare("softmax", draw(*shape) - 1000, axis=axis)


def test_arrays_that_begin_anywhere(compare, draw):
    whole = draw(5 * 45 + 3)
    for start in (1, 2, 3):
        compare("softmax", whole[start : start + 225].reshape(5, 45), axis=1)
        compare("log_softmax", whole[start : start + 225].reshape(5, 45).T, axis=0)


def test_how_lines_are_shared():
    assert share_lines(1000, 16) == (4, (256, 1))
    assert share_lines(1000, 17) == (8, (128, 2))
    assert share_lines(1000, 128) == share_lines(1000, 9999) == (32, (32, 8))


def test_how_rows_are_shared():
    assert rows.share_rows(1000, 100) == (125, (32, 8), 3200, True)
    assert rows.share_rows(1000, 1000).block == (64, 4)
    assert rows.share_rows(7, 10000) == (7, (256, 1), 40000, True)
    assert rows.share_rows(7, 10000, 2) == (7, (512, 1), 0, False)
    for length in range(1, 30000, 131):
        grid, (wide, tall), shared, kept = rows.share_rows(9, length, 2)
        assert wide * tall <= 512 and tall <= 8 and grid * tall >= 9
        assert shared == (8 * length * tall if kept else 0) <= rows.ROOM
        assert length > 4096 or length <= 16 * wide
