"""concatenate copies, promotes dtypes, and splits the gradient."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import array_module
from minitorch_cv.ops.shape.concatenate import OP


def test_is_a_copy_and_splits_the_gradient():
    a, b = mt.ones(2, 2).requires_grad_(), mt.zeros(1, 2).requires_grad_()
    y = mt.cat([a, b])
    assert not array_module(y.array).shares_memory(y.array, a.array)
    (y * mt.tensor([[1.0], [2.0], [3.0]])).sum().backward()
    assert a.grad.tolist() == [[1, 1], [2, 2]] and b.grad.tolist() == [[3, 3]]


def test_the_same_tensor_twice_gets_both_gradients():
    a = mt.ones(2).requires_grad_()
    (mt.cat([a, a]) * mt.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert a.grad.tolist() == [4, 6]


def test_promotes_dtypes():
    assert mt.cat([mt.ones(1), mt.ones(1, dtype=mt.float64)]).dtype == np.float64


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_the_same_as_numpy(axis):
    parts = [np.random.default_rng(k).normal(size=(2, 2, 2)) for k in range(3)]
    np.testing.assert_array_equal(OP(*parts, axis=axis), np.concatenate(parts, axis))
