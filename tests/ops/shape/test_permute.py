"""permute against NumPy's transpose, for every order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.shape.permute import OP

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.cpu("NumPy's views of memory")
@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
def test_every_order(axes):
    y = OP(X, axes=axes)
    np.testing.assert_array_equal(y, X.transpose(axes))
    assert np.shares_memory(y, X)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(-3, 0))))
def test_the_gradient_goes_back_to_its_place(axes):
    x = mt.tensor(X).requires_grad_()
    weights = np.random.default_rng(0).normal(size=X.transpose(axes).shape)
    (x.permute(axes) * mt.tensor(weights)).sum().backward()
    back = np.argsort([axis % 3 for axis in axes])
    np.testing.assert_allclose(x.grad.numpy(), weights.transpose(back))
