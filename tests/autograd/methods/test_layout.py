"""Rolling, turning, repeating, cutting and diagonals: values worked out by hand, and errors."""

from __future__ import annotations

import pytest

import minitorch_cv as mt


@pytest.fixture
def x():
    return mt.arange(6).reshape(2, 3)


def test_roll_and_turn(x):
    assert x.roll(1).tolist() == [[5, 0, 1], [2, 3, 4]]
    assert x.roll((1, -1), (0, 1)).tolist() == [[4, 5, 3], [1, 2, 0]]
    assert x.rot90().tolist() == [[2, 5], [1, 4], [0, 3]]
    assert x.rot90(-1).tolist() == [[3, 0], [4, 1], [5, 2]]


def test_repeat(x):
    assert x[0].repeat_interleave(2).tolist() == [0, 0, 1, 1, 2, 2]
    assert x.repeat_interleave(mt.tensor([2, 0, 1]), 1).tolist() == [[0, 0, 2], [3, 3, 5]]
    assert mt.tensor([1, 0, 2]).repeat_interleave().tolist() == [0, 2, 2]
    assert x.tile(2).tolist() == [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]]


def test_cut(x):
    assert [p.tolist() for p in mt.arange(5).tensor_split(3)] == [[0, 1], [2, 3], [4]]
    assert [p.shape for p in x.tensor_split([1, 5], 1)] == [(2, 1), (2, 2), (2, 0)]
    assert [p.shape for p in x.hsplit(3)] == [(2, 1)] * 3


def test_windows_add_up_what_they_share():
    x = mt.arange(5.0).requires_grad_()
    y = x.unfold(0, 3, 1)
    assert y.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    y.sum().backward()
    assert x.grad.tolist() == [1, 2, 3, 2, 1]


def test_diagonals(x):
    assert x.tril().tolist() == [[0, 0, 0], [3, 4, 0]]
    assert x.triu(1).tolist() == [[0, 1, 2], [0, 0, 5]]
    assert x.diagonal(1).tolist() == [1, 5] and x.diagonal(-1).tolist() == [3]
    assert x[0].diag(1).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 2], [0, 0, 0, 0]]
    assert x[:, :2].diagflat().shape == (4, 4) and x.trace().item() == 4
    assert x.diagonal_scatter(mt.tensor([7, 8])).tolist() == [[7, 1, 2], [3, 8, 5]]
    assert x.diag_embed(dim1=0, dim2=2).shape == (3, 2, 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.roll((1, 2)), ValueError, "roll: several shifts need as many dims"),
        (lambda x: x.rot90(1, (0, 0)), ValueError, "rot90: a dim is named twice"),
        (lambda x: x.repeat_interleave(mt.tensor([1, 2]), 1), ValueError, "one for each of the 3"),
        (lambda x: x.repeat_interleave(2, 1, output_size=5), ValueError, "sum of the repeats, 6"),
        (lambda x: x.hsplit(2), ValueError, "hsplit: 3 cannot be split into 2 equal parts"),
        (lambda x: x.unfold(0, 3, 1), ValueError, "unfold: windows of 3 every 1 do not fit"),
        (lambda x: x.diagonal(0, 0, -2), ValueError, "diagonal: a dim is named twice"),
        (lambda x: x[0].tril(), ValueError, "tril: expects at least 2 axes"),
        (lambda x: x.diagonal_scatter(x), ValueError, r"diagonal_scatter: src is \(2,\) of int64"),
        (lambda x: x[0].trace(), ValueError, "trace: expects a matrix"),
    ],
)
def test_errors(x, call, error, words):
    with pytest.raises(error, match=words):
        call(x)
