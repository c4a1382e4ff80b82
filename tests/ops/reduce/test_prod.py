"""prod: zeros are no special case."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.reduce.prod import OP


def test_the_product_of_nothing_is_1():
    assert OP(np.zeros((0, 3)), axis=0).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("x", "want"),
    [([2.0, 0.0, 3.0], [0, 6, 0]), ([0.0, 0.0, 3.0], [0, 0, 0]), ([2.0, 5.0], [5, 2])],
)
def test_gradient(x, want):
    x = mt.tensor(x).requires_grad_()
    x.prod().backward()
    assert x.grad.tolist() == want


def test_gradient_along_an_axis():
    x = mt.tensor([[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]]).requires_grad_()
    x.prod(1).sum().backward()
    assert x.grad.tolist() == [[6, 3, 2], [20, 0, 0]]
