"""cumsum: sums so far, and a gradient that runs the other way."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt


def test_by_hand():
    x = mt.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert x.cumsum(1).tolist() == [[1, 3, 6], [4, 9, 15]]
    assert x.cumsum(0).tolist() == [[1, 2, 3], [5, 7, 9]]


def test_the_gradient_counts_what_comes_after():
    x = mt.zeros(4, requires_grad=True)
    (x.cumsum(0) * mt.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    assert x.grad.tolist() == [1111, 1110, 1100, 1000]


def test_integers_add_up_as_int64():
    y = mt.tensor(np.full(3, 100, np.uint8)).cumsum(0)
    assert y.dtype == np.int64 and y.tolist() == [100, 200, 300]


def test_a_dim_that_does_not_exist():
    with pytest.raises(IndexError, match="cumsum: dim 2 does not exist"):
        mt.zeros(2, 3).cumsum(2)
