"""Running extrema, differences and statistics by hand."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt

X = mt.tensor([1.0, 3.0, 3.0, 2.0])


def test_running_extrema_take_the_last_of_equals():
    values, indices = X.cummax(0)
    assert values.tolist() == [1, 3, 3, 3] and indices.tolist() == [0, 1, 2, 2]
    values, indices = mt.tensor([1.0, math.nan, 3.0]).cummin(0)
    assert indices.tolist() == [0, 1, 1] and values.isnan().tolist() == [False, True, True]


def test_running_extrema_send_the_gradient_to_the_winner():
    x = X.clone().requires_grad_()
    x.cummax(0).values.sum().backward()
    assert x.grad.tolist() == [1, 1, 2, 0]


def test_differences_and_log_sums():
    assert X.diff().tolist() == [2, 0, -1]
    assert X.diff(2).tolist() == [-2, -1]
    assert mt.zeros(3).logcumsumexp(0).exp().tolist() == pytest.approx([1, 2, 3])


def test_statistics_pass_over_nan():
    x = mt.tensor([1.0, math.nan, 4.0])
    assert x.nansum().item() == 5 and x.nanmean().item() == 2.5
    assert mt.tensor([0.0, 2.0, 0.0]).count_nonzero().item() == 1
    assert mt.tensor([1, 1, 3]).bincount().tolist() == [0, 2, 0, 1]
    assert mt.tensor([0.0, 0.4, 0.6, 1.0]).histc(2, 0, 1).tolist() == [2, 2]


def test_a_deviation_of_0_has_slope_0():
    x = mt.ones(3, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_errors():
    with pytest.raises(TypeError, match="argmax: expects numbers"):
        mt.tensor([True]).argmax()
    with pytest.raises(ValueError, match="bincount: expects a vector of integers"):
        mt.tensor([-1]).bincount()
    with pytest.raises(ZeroDivisionError, match="remainder: an integer is divided by 0"):
        mt.tensor([1]) % 0
    with pytest.raises(TypeError, match="sub: booleans cannot be subtracted"):
        mt.tensor([True]) - mt.tensor([True])


def test_integrals_by_hand():
    y = mt.tensor([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]])
    assert mt.trapezoid(y).tolist() == [4, 2]
    assert mt.trapezoid(y, dx=0.5).tolist() == [2, 1]
    assert mt.trapz(y, mt.tensor([0.0, 1.0, 3.0])).tolist() == [7, 3]
    assert mt.trapezoid(y, dim=0).tolist() == [0.5, 1.5, 2.5]


def test_covariances_by_hand():
    x = mt.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert x.cov().tolist() == [[1, -1], [-1, 1]]
    weighted = x.cov(fweights=mt.tensor([2, 0, 2]))
    assert mt.allclose(weighted, x[:, [0, 0, 2, 2]].cov())
    assert x.corrcoef().flatten().tolist() == pytest.approx([1, -1, -1, 1])
    with pytest.raises(ValueError, match="cov: fweights has one number for each column"):
        x.cov(fweights=mt.tensor([1, 2]))


def test_shifts_by_hand():
    x = mt.tensor([1, -8, 5])
    assert (x << 2).tolist() == [4, -32, 20] and (x >> 1).tolist() == [0, -4, 2]
    assert mt.ldexp(mt.tensor([1.5, 3.0]), mt.tensor([2, -1])).tolist() == [6, 1.5]
    with pytest.raises(TypeError, match=r"bitwise_left_shift: expects integers .* use \.long"):
        mt.bitwise_left_shift(mt.tensor([1.0]), 1)
