"""amax and amin: ties share the gradient, NaN wins, nothing has no extremum."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named


def gradient(name, x, **params):
    x = mt.tensor(x).requires_grad_()
    getattr(x, name)(**params).sum().backward()
    return x.grad.tolist()


def test_ties_share_the_gradient():
    assert gradient("amax", [1.0, 3.0, 3.0]) == [0, 0.5, 0.5]
    assert gradient("amin", [[1.0, 1.0], [2.0, 1.0]], dim=1) == [[0.5, 0.5], [0, 1]]


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_nan_wins(name):
    assert np.isnan(op_named(name)(np.array([1.0, np.nan, 5.0])))


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_there_is_no_extremum_of_nothing(name):
    with pytest.raises(IndexError, match=f"{name}: there is no extremum of nothing"):
        op_named(name)(np.zeros((0, 3)), axis=0)
    assert op_named(name)(np.zeros((0, 3)), axis=1).shape == (0,)
