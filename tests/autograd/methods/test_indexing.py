"""Picking and placing by index: values and gradients worked out by hand, and errors."""

from __future__ import annotations

import pytest

import minitorch_cv as mt


@pytest.fixture
def x():
    return mt.tensor([[1.0, 2], [3, 4], [5, 6]], dtype=mt.float64, requires_grad=True)


INDEX = mt.tensor([[0, 2], [0, 1]])


def test_gather_sends_gradients_back_to_where_they_were_read(x):
    y = x.gather(0, INDEX)
    assert y.tolist() == [[1, 6], [1, 4]]
    (y * mt.tensor([[1.0, 2], [10, 20]], dtype=mt.float64)).sum().backward()
    assert x.grad.tolist() == [[11, 0], [0, 20], [0, 2]]


def test_take_along_dim_counts_on_from_the_start(x):
    assert x.take_along_dim(mt.tensor([[-1, 4]]), 0).tolist() == [[5, 4]]
    assert x.take_along_dim(mt.tensor([5, 0])).tolist() == [6, 1]


def test_take_and_masks(x):
    assert x.take(mt.tensor([[-1, 0]])).tolist() == [[6, 1]]
    assert x.masked_select(x > 2.5).tolist() == [3, 4, 5, 6]
    assert x.masked_fill(x > 4, -1).tolist() == [[1, 2], [3, 4], [-1, -1]]
    mask, source = mt.tensor([True, False]), mt.tensor([7.0, 8, 9, 10], dtype=mt.float64)
    assert x.masked_scatter(mask, source).tolist() == [[7, 2], [8, 4], [9, 6]]
    assert (x > 4).nonzero().tolist() == [[2, 0], [2, 1]]
    assert [part.tolist() for part in mt.where(x > 4)] == [[2, 2], [0, 1]]
    assert [p.tolist() for p in mt.unravel_index(mt.tensor([5, 1]), (3, 2))] == [[2, 0], [1, 1]]


def test_scatter(x):
    src = mt.tensor([[10.0, 20], [30, 40]], dtype=mt.float64)
    assert x.scatter_add(0, INDEX, src).tolist() == [[41, 2], [3, 44], [5, 26]]
    assert x.scatter(1, mt.tensor([[1], [0]]), 0.5).tolist() == [[1, 0.5], [0.5, 4], [5, 6]]
    assert x.scatter(0, INDEX[:1], src).tolist() == [[10, 2], [3, 4], [5, 20]]
    assert x.index_add(0, mt.tensor([2, 2]), src, alpha=0.1).tolist() == [[1, 2], [3, 4], [9, 12]]
    assert x.index_copy(0, mt.tensor([2, 0]), src).tolist() == [[30, 40], [3, 4], [10, 20]]
    assert x.index_fill(1, mt.tensor([-1]), 0).tolist() == [[1, 0], [3, 0], [5, 0]]
    put = x.index_put((mt.tensor([0, 0]), mt.tensor([1, 1])), src[0], accumulate=True)
    assert put.tolist() == [[1, 32], [3, 4], [5, 6]]
    assert x.select_scatter(src[0], 0, 1).tolist() == [[1, 2], [10, 20], [5, 6]]
    assert x.slice_scatter(src, 0, 0, 3, 2).tolist() == [[10, 20], [3, 4], [30, 40]]


@pytest.mark.parametrize(
    ("reduce", "include_self", "expected"),
    [
        ("sum", True, [9.0, 2]), ("sum", False, [8.0, 2]), ("prod", True, [15.0, 2]),
        ("prod", False, [15.0, 2]), ("mean", True, [3.0, 2]), ("mean", False, [4.0, 2]),
        ("amax", True, [5.0, 2]), ("amin", True, [1.0, 2]), ("amin", False, [3.0, 2]),
    ],
)  # fmt: skip
def test_scatter_reduce(reduce, include_self, expected):
    x, src = mt.tensor([1.0, 2]), mt.tensor([3.0, 5])
    y = x.scatter_reduce(0, mt.tensor([0, 0]), src, reduce, include_self=include_self)
    assert y.tolist() == expected


def test_small_factors_are_not_lost():
    """(f − 1) + 1 would lose what is far below 1."""
    src = mt.tensor([1e-30, 3.0], dtype=mt.float64)
    y = mt.ones(1, dtype=mt.float64).scatter_reduce(0, mt.tensor([0, 0]), src, "prod")
    assert y.item() == pytest.approx(3e-30, rel=1e-15)


def test_ties_share_the_gradient_and_infinities_stay():
    src = mt.tensor([2.0, 2, -1], requires_grad=True)
    index = mt.tensor([0, 0, 1])
    x = mt.tensor([2.0, float("inf")], requires_grad=True)
    y = x.scatter_reduce(0, index, src, "amax")
    assert y.tolist() == [2, float("inf")]
    y.sum().backward()
    assert src.grad.tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert x.grad.tolist() == pytest.approx([1 / 3, 1])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda x: x.gather(0, INDEX + 1),
            IndexError,
            "gather: index holds 1 … 3, but there are 3",
        ),
        (lambda x: x.gather(0, INDEX.float()), TypeError, "gather: index is a tensor of int64"),
        (lambda x: x.gather(0, INDEX[0]), ValueError, "gather: x and index have as many axes"),
        (lambda x: x.gather(1, INDEX.repeat(2, 1) % 2), ValueError, "index is larger than x"),
        (lambda x: x.scatter(0, INDEX, x[:1]), ValueError, "scatter: src is at least as large"),
        (lambda x: x.scatter_add(0, INDEX, x.float()), TypeError, "src is a tensor of float64"),
        (lambda x: x.scatter_reduce(0, INDEX, x, "max"), ValueError, "reduce is one of sum, prod"),
        (lambda x: x.index_select(0, INDEX), ValueError, "index_select: index is a vector"),
        (lambda x: x.index_add(0, INDEX[0], x), ValueError, r"source is of shape \(2, 2\)"),
        (lambda x: x.index_fill(0, INDEX[0], "1"), TypeError, "value is a number"),
        (lambda x: x.masked_fill(x, 0), TypeError, "mask is a tensor of booleans"),
        (lambda x: x.masked_scatter(x > 0, x[0]), ValueError, "source has at least 6 elements"),
        (lambda x: x.slice_scatter(x[:1], 0, 0, 2), ValueError, r"src is of shape \(2, 2\)"),
        (lambda x: x.long().masked_fill(x > 0, float("nan")), ValueError, "nan cannot be kept"),
    ],
)
def test_errors(x, call, error, words):
    with pytest.raises(error, match=words):
        call(x)
