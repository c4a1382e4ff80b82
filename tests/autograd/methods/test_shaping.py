"""Shapes and orders: values worked out by hand, errors, views."""

from __future__ import annotations

import pytest

import minitorch_cv as mt


@pytest.fixture
def x():
    return mt.arange(6).reshape(2, 3)


def test_orders(x):
    assert x.t().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert x[None].movedim(0, -1).shape == (2, 3, 1)
    assert mt.arange(24).reshape(2, 3, 4).movedim((0, 1), (-1, 0)).shape == (3, 4, 2)
    assert x.flip(1).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert x.swapaxes(axis0=0, axis1=1).shape == (3, 2)


def test_pieces(x):
    assert [part.tolist() for part in x.split(2, 1)] == [[[0, 1], [3, 4]], [[2], [5]]]
    assert [part.shape for part in x.split([0, 3], 1)] == [(2, 0), (2, 3)]
    assert [part.tolist() for part in mt.arange(5).chunk(3)] == [[0, 1], [2, 3], [4]]
    assert [row.tolist() for row in x.unbind()] == [[0, 1, 2], [3, 4, 5]]
    assert x.narrow(1, -2, 2).tolist() == [[1, 2], [4, 5]]
    assert len(mt.zeros(0, 3).chunk(4)) == 4


def test_pieces_are_views(x):
    x.chunk(3, 1)[1].fill_(9)
    x.diagonal()
    assert x.tolist() == [[0, 9, 2], [3, 9, 5]]


def test_repeat_and_expand(x):
    assert x[0].repeat(2, 2).tolist() == [[0, 1, 2, 0, 1, 2]] * 2
    assert x[:, :1].expand(-1, 2).tolist() == [[0, 0], [3, 3]]
    assert x.unflatten(1, (3, -1)).shape == (2, 3, 1)
    assert x[:1].squeeze((0, 1)).shape == (3,)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.reshape(2.0, 3), TypeError, "sizes and dims are integers"),
        (lambda x: x.permute(), TypeError, "no sizes were given"),
        (lambda x: x.flip(0, -2), ValueError, "flip: a dim is named twice"),
        (lambda x: x.transpose(0, 2), IndexError, r"transpose: dim 2 does not exist .* use -2 … 1"),
        (lambda x: x.movedim(0, (1,)), ValueError, "two dims, or as many in lists"),
        (lambda x: x.split(0), ValueError, "split: the size of a piece is positive"),
        (lambda x: x.split([1, 2]), ValueError, r"split: sizes \[1, 2\] do not add up to 2"),
        (lambda x: x.narrow(1, 2, 2), IndexError, "narrow: 2 … 4 lies outside axis 1 of size 3"),
        (lambda x: x[0, 0].unbind(), IndexError, "unbind: a number has no axis to cut along"),
        (lambda x: x.unflatten(0, 2), TypeError, "unflatten: sizes is a list"),
        (lambda x: x.repeat(2), RuntimeError, "repeat: expects a count ≥ 0 for each of the 2 axes"),
        (lambda x: x.t().view(6), RuntimeError, "view: the memory of this tensor"),
    ],
)
def test_errors(x, call, error, words):
    with pytest.raises(error, match=words):
        call(x)
