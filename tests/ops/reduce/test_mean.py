"""mean: of nothing, of integers, and its gradient."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.reduce.mean import OP


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(OP(np.zeros((0, 3)), axis=0)).all()
    assert OP(np.zeros((0, 3)), axis=1).shape == (0,)


def test_integers_have_none():
    with pytest.raises(RuntimeError, match="mean: expects a float tensor"):
        mt.tensor([1, 2]).mean()


def test_each_element_has_an_equal_share():
    x = mt.ones(2, 4).requires_grad_()
    x.mean(1).sum().backward()
    assert x.grad.tolist() == [[0.25] * 4] * 2
