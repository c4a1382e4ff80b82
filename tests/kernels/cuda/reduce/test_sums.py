"""sums.cu: axes outside, inside, in between and on both sides; few and many outputs."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.reduce.sums import Runs, runs_of

CASES = [
    ((7, 45), 1), ((45, 7), 0), ((3, 700), 1), ((2, 5000), -1), ((9000,), None), ((2, 3, 5), None),
    ((6, 5, 7, 9), (0, 2, 3)), ((70, 3, 2), (0, 2)), ((4, 130, 33), 1), ((600, 300), 0),
    ((3, 4, 5, 6), (0, 2)), ((3, 4, 5, 6), (1, 3)), ((40, 1, 6), 0), ((5,), 0), ((1, 1), 1),
]  # fmt: skip


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("shape, axis", CASES, ids=str)
def test_shapes(shape, axis, name, keepdims, compare, draw, blocks):
    compare(name, draw(*shape) + 0.3, axis=axis, keepdims=keepdims)
    assert "sum_parts" in compare.launched or axis == (1, 3)


@pytest.mark.parametrize("shape, axes, runs", [
    ((3, 4, 5), (0, 1, 2), (1, 1, 60, 1)), ((3, 4, 5), (1, 2), (1, 3, 20, 1)),
    ((3, 4, 5), (0,), (1, 1, 3, 20)), ((3, 4, 5), (1,), (1, 3, 4, 5)),
    ((3, 4, 5, 6), (0, 2, 3), (3, 4, 30, 1)), ((3, 4, 5, 6), (0, 2), (3, 4, 5, 6)),
    ((3, 1, 5, 1), (0, 1), (1, 1, 3, 5)), ((), (), (1, 1, 1, 1)),
])  # fmt: skip
def test_axes_are_taken_together(shape, axes, runs):
    assert runs_of(shape, axes) == Runs(*runs)


def test_other_axes_are_left_to_the_reference():
    assert runs_of((2, 3, 4, 5, 6), (0, 2, 4)) is None
    assert runs_of((2, 3, 4, 5), (1, 3)) is None


@pytest.mark.parametrize("axis", [0, 1])
def test_hard_numbers(axis, compare, draw):
    """NaN and ±∞ reach their own sums; long sums keep the digits of their last terms."""
    x = draw(40, 40)
    x[0, 1], x[2, 3], x[4, 5], x[6, 5] = np.nan, np.inf, -np.inf, np.inf
    compare("sum", x, axis=axis)
    many = np.full((2, 300_000), 0.1, np.float32)
    y, _ = compare("sum", np.moveaxis(many, 1, 1 - axis).copy(), axis=1 - axis)
    np.testing.assert_allclose(y, 300_000 * np.float64(np.float32(0.1)), rtol=1e-6)
