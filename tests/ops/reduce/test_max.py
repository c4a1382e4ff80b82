"""max and min along an axis: the first of ties is chosen, and takes the whole gradient."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named


def test_the_first_of_ties_is_chosen():
    x = mt.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]]).requires_grad_()
    values, indices = x.max(1)
    assert values.tolist() == [3, 2] and indices.tolist() == [1, 0]
    assert indices.dtype == np.int64 and not indices.requires_grad
    values.sum().backward()
    assert x.grad.tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("name", ["max", "min"])
def test_nan_wins_and_is_the_index(name):
    values, indices = getattr(mt.tensor([[1.0, np.nan, 5.0]]), name)(1)
    assert np.isnan(values.item()) and indices.item() == 1


@pytest.mark.parametrize("name", ["max", "min"])
def test_there_is_no_extremum_of_nothing(name):
    with pytest.raises(IndexError, match=f"{name}: there is no extremum of nothing"):
        op_named(name)(np.zeros((0, 3)), axis=0)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_index_points_at_the_value(axis):
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    for name in ("max", "min"):
        values, indices = op_named(name)(x, axis=axis, keepdims=True)
        np.testing.assert_array_equal(np.take_along_axis(x, indices, axis), values)
        np.testing.assert_array_equal(values, getattr(np, name)(x, axis=axis, keepdims=True))
