"""Functions that join, cut and make tensors: values worked out by hand, and errors."""

from __future__ import annotations

import pytest

import minitorch_cv as mt


def test_join():
    a, b = mt.tensor([1, 2]), mt.tensor([3, 4])
    assert mt.cat([a, b]).tolist() == [1, 2, 3, 4]
    assert mt.stack([a, b], 1).tolist() == mt.column_stack([a, b]).tolist() == [[1, 3], [2, 4]]
    assert mt.vstack([a, b]).tolist() == [[1, 2], [3, 4]]
    assert mt.dstack([a, b]).shape == (1, 2, 2)
    assert mt.cat([a, mt.zeros(0), mt.tensor([0.5])]).dtype == mt.float32
    assert mt.block_diag(a, mt.tensor(7)).tolist() == [[1, 2, 0], [0, 0, 7]]
    assert [part.tolist() for part in mt.split(a, split_size_or_sections=1)] == [[1], [2]]


def test_grids():
    x, y = mt.tensor([1, 2, 3]), mt.tensor([10, 20])
    assert [g.tolist() for g in mt.meshgrid(x, y)] == [
        [[1, 1], [2, 2], [3, 3]], [[10, 20], [10, 20], [10, 20]]]  # fmt: skip
    assert [g.tolist() for g in mt.meshgrid(x, y, indexing="xy")] == [
        [[1, 2, 3], [1, 2, 3]], [[10, 10, 10], [20, 20, 20]]]  # fmt: skip
    assert mt.cartesian_prod(x[:2], y).tolist() == [[1, 10], [1, 20], [2, 10], [2, 20]]
    assert mt.combinations(x).tolist() == [[1, 2], [1, 3], [2, 3]]
    assert mt.tril_indices(2, 2).tolist() == [[0, 1, 1], [0, 0, 1]]
    assert mt.broadcast_shapes((2, 1), 3) == (2, 3)


def test_create():
    assert mt.arange(1, 2, 0.5).tolist() == [1, 1.5]
    assert mt.logspace(0, 3, 4, base=2).tolist() == [1, 2, 4, 8]
    assert mt.full((2,), True).dtype == bool and mt.zeros(size=(2, 3)).shape == (2, 3)
    x = mt.ones(2, dtype=mt.float64)
    assert x.new_tensor([1]).dtype == x.new_zeros(3).dtype == mt.float64
    assert x.new_full((2,), 7, dtype=mt.int64).tolist() == [7, 7]
    drawn = mt.randint_like(x, 3)
    assert drawn.dtype == mt.float64 and ((drawn >= 0) & (drawn < 3)).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: mt.cat(x), TypeError, "cat: expects a list of Tensors"),
        (lambda x: mt.cat([]), ValueError, "cat: expects at least one tensor"),
        (lambda x: mt.cat([x, 1]), TypeError, r"cat: expects Tensors \(got int\)"),
        (lambda x: mt.stack([x, x[:1]]), ValueError, "stack: expects tensors of one shape"),
        (lambda x: mt.meshgrid(x, x[None]), ValueError, "meshgrid: expects vectors"),
        (lambda x: mt.meshgrid(x, indexing="yx"), ValueError, "indexing is 'ij' or 'xy'"),
        (lambda x: mt.broadcast_shapes(2, 3), ValueError, "broadcast_shapes: shapes"),
        (lambda x: mt.tril_indices(-1, 2), ValueError, "tril_indices: row and col are at least 0"),
        (lambda x: mt.arange(3, 1), ValueError, "arange: no step of 1 leads from 3 to 1"),
        (
            lambda x: mt.zeros(2, shape=3),
            TypeError,
            r"zeros: there is no such argument \(got shape",
        ),
        (lambda x: mt.full(2, 3), TypeError, "full: size is a tuple"),
        (lambda x: mt.linspace(0, 1, 3, dtype=bool), TypeError, "linspace: has no booleans"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(mt.tensor([1, 2]))
