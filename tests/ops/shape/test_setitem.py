"""Assignment: what is written, and where the gradients go."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.shape.setitem import OP


def test_the_last_of_two_values_written_stays_and_has_the_gradient():
    v = mt.tensor([1.0, 2.0]).requires_grad_()
    y = mt.zeros(3)
    y[mt.tensor([1, 1])] = v
    assert y.tolist() == [0, 2, 0]
    y.sum().backward()
    assert v.grad.tolist() == [0, 1]


def test_what_was_overwritten_has_no_gradient():
    x, v = mt.ones(2, 3).requires_grad_(), mt.tensor(5.0).requires_grad_()
    y = x.clone()
    y[:, 1] = v
    (y * mt.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward()
    assert x.grad.tolist() == [[1, 0, 3], [4, 0, 6]]
    assert v.grad.item() == 7


def test_the_op_is_pure():
    x = np.zeros(3)
    y = OP(x, np.ones(()), key=1)
    assert x.tolist() == [0, 0, 0] and y.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("key", "shape", "words"),
    [
        (0, (4,), r"setitem: shapes \(4,\) and \(3,\) do not broadcast"),
        (0, (2, 3), r"a value of shape \(2, 3\) does not fit the selected shape \(3,\)"),
    ],
)
def test_values_that_do_not_fit(key, shape, words):
    with pytest.raises(ValueError, match=words):
        mt.zeros(2, 3)[key] = mt.ones(shape)
