"""Order and rank: values, indices and gradients worked out by hand, and errors."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt

nan, inf = math.nan, math.inf


def test_sort_keeps_equals_in_order_and_puts_nan_last():
    x = mt.tensor([2.0, nan, 1, 2])
    values, indices = x.sort()
    assert values[:3].tolist() == [1, 2, 2] and math.isnan(values[3].item())
    assert indices.tolist() == [2, 0, 3, 1]
    assert x.argsort(descending=True).tolist() == [1, 0, 3, 2]
    assert mt.tensor([[2, 1], [0, 3]]).msort().tolist() == [[0, 1], [2, 3]]


def test_gradients_go_to_the_picked_elements():
    x = mt.tensor([3.0, 1, 2], requires_grad=True)
    (x.topk(2).values * mt.tensor([10.0, 1])).sum().backward()
    assert x.grad.tolist() == [10, 0, 1]
    assert x.topk(1, largest=False).indices.tolist() == [1]
    assert x.kthvalue(2).values.item() == 2 and x.kthvalue(2, keepdim=True).indices.tolist() == [2]


def test_median_is_the_lower_one_and_shares_its_gradient():
    x = mt.tensor([1.0, 2, 2, 3], requires_grad=True)
    y = x.median()
    y.backward()
    assert y.item() == 2 and x.grad.tolist() == [0, 0.5, 0.5, 0]
    odd = mt.tensor([nan, 4, 1])
    assert math.isnan(odd.median().item()) and odd.nanmedian().item() == 1
    assert mt.tensor([[5, 1, 3]]).median(1).indices.tolist() == [2]


def test_mode_and_quantile():
    assert mt.tensor([3, 1, 3, 1]).mode() == (mt.tensor(1), mt.tensor(3))
    x = mt.tensor([0.0, 10, 20])
    assert x.quantile(0.25).item() == 5
    for interpolation, expected in (("lower", 0), ("higher", 10), ("midpoint", 5), ("nearest", 0)):
        assert x.quantile(0.3, interpolation=interpolation).item() in (expected, 10)
    assert x.quantile(mt.tensor([0.0, 1.0])).tolist() == [0, 20]
    assert mt.tensor([-inf, 1, 3]).quantile(0.4).item() == -inf
    assert mt.tensor([nan, 1, 3]).nanquantile(0.5).item() == 2


def test_unique():
    x = mt.tensor([3, 1, 3, 2])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == (
        [1, 2, 3], [2, 0, 2, 1], [1, 1, 2])  # fmt: skip
    assert mt.tensor([[1, 2], [0, 5], [1, 2]]).unique(dim=0).tolist() == [[0, 5], [1, 2]]
    assert mt.tensor([nan, nan]).unique().shape == (2,)
    values, counts = mt.tensor([1, 1, 2, 1]).unique_consecutive(return_counts=True)
    assert (values.tolist(), counts.tolist()) == ([1, 2, 1], [2, 1, 1])


def test_look_up():
    rising = mt.tensor([1.0, 2, 2, 5])
    assert mt.searchsorted(rising, mt.tensor([0.0, 2, 9])).tolist() == [0, 1, 4]
    assert mt.searchsorted(rising, mt.tensor([2.0]), right=True).tolist() == [3]
    assert mt.bucketize(3.0, rising).item() == 3
    assert mt.isin(mt.tensor([1, 2, 3]), mt.tensor([3, 1]), invert=True).tolist() == [
        False, True, False]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.topk(4), ValueError, "topk: k is between 0 and the size of the axis, 3"),
        (lambda x: x.kthvalue(0), ValueError, "kthvalue: k is between 1"),
        (lambda x: x.sort(0, 1), TypeError, "sort: descending is True or False"),
        (lambda x: x.sort(2), IndexError, "sort: dim 2 does not exist"),
        (lambda x: x[:0].median(0), IndexError, "median: there is no median of nothing"),
        (lambda x: x.bool().median(), TypeError, "median: booleans have no such order"),
        (lambda x: x.quantile(2.0), ValueError, "quantile: q lies between 0 and 1"),
        (lambda x: x.quantile([0.5]), TypeError, "quantile: q is a number or a Tensor"),
        (lambda x: x.quantile(0.5, interpolation="cubic"), ValueError, "interpolation is one of"),
        (lambda x: mt.searchsorted(x, x, side="middle"), ValueError, "side is 'left' or 'right'"),
        (lambda x: mt.bucketize(x, x[None]), ValueError, "bucketize: boundaries are a vector"),
        (lambda x: mt.isin(1, 2), TypeError, "isin: expects Tensors of numbers"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(mt.tensor([3.0, 1, 2]))
