"""norm: the usual norms by hand, and a gradient of 0 where the length is 0."""

from __future__ import annotations

import math

import pytest

import minitorch_cv as mt


@pytest.mark.parametrize(
    ("p", "want"),
    [(2, 5), (1, 7), (math.inf, 4), (-math.inf, 0), (0, 2), (3, 91 ** (1 / 3)), ("fro", 5)],
)
def test_by_hand(p, want):
    assert mt.tensor([3.0, -4.0, 0.0]).norm(p).item() == pytest.approx(want)


def test_the_gradient_is_the_direction():
    x = mt.tensor([3.0, -4.0], requires_grad=True)
    x.norm().backward()
    assert x.grad.tolist() == pytest.approx([0.6, -0.8])


@pytest.mark.parametrize("p", [2, 1, 1.5, 3, 0.5, math.inf, 0])
def test_at_the_origin_the_gradient_is_0(p):
    x = mt.zeros(3, requires_grad=True)
    x.norm(p).backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_ties_for_the_largest_share():
    x = mt.tensor([2.0, -2.0, 1.0], requires_grad=True)
    x.norm(math.inf).backward()
    assert x.grad.tolist() == [0.5, -0.5, 0]


def test_half_precision_does_not_overflow_on_the_way():
    assert mt.full((4,), 200.0, dtype=mt.float16).norm().item() == 400


def test_the_largest_of_nothing():
    with pytest.raises(ValueError, match="norm: the inf-norm of nothing"):
        mt.zeros(0, 3).norm(math.inf, 0)
