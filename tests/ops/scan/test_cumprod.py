"""cumprod: products so far; zeros are no special case."""

from __future__ import annotations

import pytest

import minitorch_cv as mt


def test_by_hand():
    assert mt.tensor([2.0, 3.0, 0.5]).cumprod(0).tolist() == [2, 6, 3]


@pytest.mark.parametrize(
    ("x", "want"),
    [
        ([2.0, 3.0, 5.0], [1 + 3 + 15, 2 + 10, 6]),
        ([2.0, 0.0, 5.0], [1 + 0 + 0, 2 + 10, 0]),
        ([0.0, 0.0, 5.0], [1, 0, 0]),
    ],
)
def test_gradient(x, want):
    x = mt.tensor(x, requires_grad=True)
    x.cumprod(0).sum().backward()
    assert x.grad.tolist() == want
