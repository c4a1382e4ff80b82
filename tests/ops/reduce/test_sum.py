"""sum: axes of every kind, nothing to add, and integers."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.reduce.axes import resolve_axes
from minitorch_cv.ops.reduce.sum import OP

NAMES = ["sum", "mean", "var", "prod", "amax", "amin"]


@pytest.mark.parametrize("name", NAMES)
def test_axes_negative_several_and_kept(name):
    """The same rules for all reductions."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, -1, None):
        y = op_named(name)(x, axis=axis, keepdims=True)
        assert y.ndim == 3
        np.testing.assert_array_equal(y.ravel(), np.ravel(op_named(name)(x, axis=axis)))
    if name != "prod":
        assert op_named(name)(x, axis=(-1, 0)).shape == (3,)


@pytest.mark.parametrize("name", NAMES)
def test_dims_that_do_not_exist(name):
    with pytest.raises(IndexError, match=f"{name}: dim 2 does not exist"):
        op_named(name)(np.ones((2, 3)), axis=2)


def test_the_sum_of_nothing():
    assert OP(np.zeros((0, 3)), axis=0).tolist() == [0, 0, 0]


def test_integers_and_booleans_add_up_as_int64():
    assert mt.tensor([True, True]).sum().item() == 2
    assert mt.ones(300, dtype=mt.uint8).sum().item() == 300


def test_resolve_axes():
    assert resolve_axes("sum", 3, None) == (0, 1, 2)
    assert resolve_axes("sum", 3, (-1, 0)) == (0, 2)
    assert resolve_axes("sum", 0, 0) == ()
    with pytest.raises(ValueError, match="names an axis twice"):
        resolve_axes("sum", 2, (0, -2))
