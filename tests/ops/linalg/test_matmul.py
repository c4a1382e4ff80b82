"""matmul against NumPy for every pair of shapes, and its gradients in words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.linalg.matmul import OP
from minitorch_cv.testing import gradcheck

LEFT = [(3,), (2, 3), (4, 2, 3), (1, 2, 3), (5, 1, 2, 3)]
RIGHT = [(3,), (3, 2), (4, 3, 2), (5, 4, 3, 1)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(LEFT, RIGHT)))
def test_the_same_as_numpy(a, b):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=a), rng.normal(size=b)
    np.testing.assert_allclose(OP(x, w), np.matmul(x, w), atol=1e-14)
    assert gradcheck(lambda x, w: x @ w, [mt.tensor(x), mt.tensor(w)])


def test_gradients_of_a_product_of_matrices():
    """gA = gY Bᵀ, gB = Aᵀ gY, with numbers worked out by hand."""
    a = mt.tensor([[1.0, 2.0], [3.0, 4.0]]).requires_grad_()
    b = mt.tensor([[5.0], [6.0]]).requires_grad_()
    (a @ b).backward(mt.tensor([[1.0], [10.0]]))
    assert a.grad.tolist() == [[5, 6], [50, 60]]
    assert b.grad.tolist() == [[31], [42]]


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"matmul: .*: 3 against 2\); transpose one of them"):
        mt.ones(2, 3) @ mt.ones(2, 3)
    with pytest.raises(ValueError, match="0-d tensors have no product"):
        mt.ones(2) @ mt.tensor(2.0)
