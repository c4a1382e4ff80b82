"""Products and distances by hand, and what they refuse."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt

A, B = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), mt.tensor([[0.0, 1.0], [1.0, 0.0]])


def test_products():
    assert A.mm(B).tolist() == [[2, 1], [4, 3]]
    assert A.mv(mt.tensor([1.0, -1.0])).tolist() == [-1, -1]
    assert mt.tensor([1.0, 2.0]).dot(mt.tensor([3.0, 4.0])).item() == 11
    assert mt.outer(mt.tensor([1.0, 2.0]), mt.tensor([3.0, 4.0])).tolist() == [[3, 4], [6, 8]]
    assert A.addmm(A, B, beta=10, alpha=2).tolist() == [[14, 22], [38, 46]]
    assert mt.kron(mt.tensor([1.0, 2.0]), mt.tensor([1.0, 10.0])).tolist() == [1, 10, 2, 20]
    x, y = mt.tensor([1.0, 0.0, 0.0]), mt.tensor([0.0, 1.0, 0.0])
    assert x.cross(y, 0).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("equation", "want"),
    [
        ("ij,jk->ik", [[2, 1], [4, 3]]), ("ij->ji", [[1, 3], [2, 4]]), ("ii", 5), ("ii->i", [1, 4]),
        ("ij->", 10), ("ij->j", [4, 6]),
    ],
)  # fmt: skip
def test_einsum(equation, want):
    operands = (A, B)[: equation.count(",") + 1]
    assert mt.einsum(equation, *operands).tolist() == want


def test_beta_0_forgets_nan():
    start = mt.full((2, 2), math.nan)
    assert start.addmm(A, B, beta=0).tolist() == [[2, 1], [4, 3]]


def test_equal_points_have_distance_0_and_no_slope():
    x = mt.tensor([[1.0, 2.0], [4.0, 6.0]], requires_grad=True)
    distances = mt.cdist(x, x)
    assert distances.tolist() == [[0, 5], [5, 0]]
    distances.sum().backward()
    assert x.grad.flatten().tolist() == pytest.approx([-1.2, -1.6, 1.2, 1.6])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: A.mm(A[0]), r"mm: expects 2 and 2 axes .* use matmul"),
        (lambda: A.dot(A), "dot: expects 1 and 1 axes"),
        (lambda: A @ B.double(), r"matmul: both are of one dtype .* use \.to\(float32\)"),
        (lambda: A.mm(2.0), "mm: expects"),
        (lambda: mt.einsum("ij,jk->iz", A, B), "einsum: 'z' is in the result, but in no operand"),
        (lambda: mt.einsum("ij", A, B), "names 1 operands"),
        (lambda: mt.cdist(A, B[:, :1]), "cdist: expects"),
        (lambda: A.cross(B), "cross: expects an axis of size 3"),
    ],
)  # fmt: skip
def test_errors(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
