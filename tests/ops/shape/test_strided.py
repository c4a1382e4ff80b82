"""strided: diagonals and windows are views, and an element shown twice has both gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.shape.strided import OP


@pytest.mark.cpu("NumPy's views of memory")
def test_a_diagonal_shares_memory():
    x = np.arange(12.0).reshape(3, 4)
    y = OP(x, shape=(3,), start=(0, 1), steps=((1, 1),))
    assert y.tolist() == [1, 6, 11] and np.shares_memory(y, x)
    matrix = mt.zeros(3, 3)
    matrix.diagonal().fill_(2.0)
    matrix.T.diagonal(1).add_(mt.tensor([5.0, 6.0]))
    assert matrix.tolist() == [[2, 0, 0], [5, 2, 0], [0, 6, 2]]


def test_a_recorded_change_of_a_diagonal():
    x = mt.ones(2, 2, requires_grad=True)
    y = x * 3
    y.diagonal().mul_(10)
    assert y.tolist() == [[30, 3], [3, 30]]
    y.sum().backward()
    assert x.grad.tolist() == [[30, 3], [3, 30]]


@pytest.mark.parametrize("step", [1, 2])
def test_windows_add_up(step):
    x = mt.arange(5.0).requires_grad_()
    y = x.unfold(0, 3, step)
    assert y.tolist() == [[k, k + 1, k + 2] for k in range(0, 3, step)]
    y.sum().backward()
    assert x.grad.tolist() == ([1, 2, 3, 2, 1] if step == 1 else [1, 1, 2, 1, 1])


def test_windows_that_overlap_cannot_be_changed_while_recording():
    y = mt.arange(5.0).requires_grad_() * 1
    with pytest.raises(RuntimeError, match="repeats elements"):
        y.unfold(0, 3, 1).mul_(2)
