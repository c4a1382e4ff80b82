"""expand takes no memory, and its gradient adds up over the copies."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.shape.expand import OP


@pytest.mark.cpu("NumPy's views of memory")
def test_takes_no_memory():
    x = np.ones((1, 3))
    y = OP(x, shape=(1000, 3))
    assert y.shape == (1000, 3) and np.shares_memory(x, y) and y.strides[0] == 0


def test_the_gradient_counts_the_copies():
    x = mt.ones(1, 3).requires_grad_()
    x.expand(5, 3).sum().backward()
    assert x.grad.tolist() == [[5, 5, 5]]


def test_expanded_to_nothing():
    x = mt.ones(1, 3).requires_grad_()
    x.expand(0, 3).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0]]
