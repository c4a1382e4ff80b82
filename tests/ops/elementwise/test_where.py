"""where: numbers as operands, and no gradient from the side that was not chosen."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt


def test_the_other_side_gets_zero_even_next_to_nan():
    x = mt.tensor([0.0, 4.0]).requires_grad_()
    safe = mt.where(x > 0, x, mt.ones(2))
    y = mt.where(x > 0, safe.sqrt(), mt.zeros(2))
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_numbers_keep_the_tensors_dtype():
    condition = mt.tensor([True, False])
    assert mt.where(condition, mt.ones(2, dtype=mt.float16), 0).dtype == np.float16
    assert mt.where(condition, 1.0, 0.0).tolist() == [1.0, 0.0]


def test_the_condition_is_bool():
    with pytest.raises(TypeError, match=r"where: the condition is a bool tensor \(got int64\)"):
        mt.where(mt.tensor([1, 0]), mt.ones(2), mt.zeros(2))
