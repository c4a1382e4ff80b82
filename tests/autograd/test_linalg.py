"""mt.linalg: norms by hand, and what they refuse."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt

A = mt.tensor([[1.0, -2.0, 3.0], [4.0, 0.0, -6.0]])


def test_norms_of_a_matrix():
    norm = mt.linalg.matrix_norm
    assert norm(A).item() == pytest.approx(66**0.5)
    assert [norm(A, p).item() for p in (1, -1, math.inf, -math.inf)] == [9, 2, 10, 6]
    assert norm(A, 1, keepdim=True).tolist() == [[9]]
    assert norm(A, math.inf, dim=(1, 0)).item() == 9


def test_norms_of_vectors():
    norm = mt.linalg.vector_norm
    assert norm(A, 1).item() == 16 and norm(A, 0).item() == 5
    assert norm(A, math.inf, 1).tolist() == [3, 6]
    assert norm(A, dim=()).item() == pytest.approx(66**0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mt.linalg.matrix_norm(A, 2), "ord is 'fro', 1, -1, inf or -inf"),
        (lambda: mt.linalg.matrix_norm(A[0]), "expects a matrix and two axes"),
        (lambda: mt.linalg.matrix_norm(A, dim=(1, -1)), "two different axes"),
        (lambda: mt.linalg.vector_norm(A, "fro"), "ord is a number"),
        (lambda: mt.linalg.vector_norm(A.long()), "expects a float tensor"),
        (lambda: mt.linalg.vector_norm(A, dtype=mt.float16), "dtype holds the floats of x"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
