"""var and std: which divisor, and no loss next to a large mean."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.reduce.var import OP


def test_is_unbiased_unless_told():
    x = mt.tensor([1.0, 2.0, 3.0, 4.0])
    assert x.var().item() == pytest.approx(5 / 3)
    assert x.var(correction=0).item() == pytest.approx(1.25)
    assert x.var(unbiased=False).item() == pytest.approx(1.25)
    assert x.std().item() == pytest.approx((5 / 3) ** 0.5)


def test_of_large_numbers_loses_nothing():
    assert OP(1e6 + np.array([1.0, 2.0, 3.0])) == pytest.approx(1.0, rel=1e-9)


def test_of_one_number_is_nan():
    with np.errstate(invalid="ignore"):
        assert np.isnan(OP(np.ones((2, 1)), axis=1)).all()
    assert OP(np.ones((2, 1)), axis=1, correction=0).tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_of_fewer_numbers_than_the_correction_is_inf_or_nan():
    """The divisor is never negative: PyTorch divides by max(0, n − correction)."""
    assert np.isposinf(OP(np.array([1.0, 2.0]), correction=3))
    assert np.isnan(OP(np.ones(2), correction=3))


def test_the_deviation_of_equal_numbers_has_slope_0():
    x = mt.tensor([[2.0, 2.0], [1.0, 3.0]], requires_grad=True)
    x.std(1).sum().backward()
    assert x.grad[0].tolist() == [0, 0]
    assert x.grad[1].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])
