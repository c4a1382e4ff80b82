"""convert and clone: the gradient comes back in the dtype of the input."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt


@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
@pytest.mark.parametrize("target", ["float16", "float32", "float64"])
def test_the_gradient_has_the_inputs_dtype(source, target):
    x = mt.ones(3, dtype=source).requires_grad_()
    y = x.to(dtype=target)
    assert y.dtype == np.dtype(target)
    (y * 2).sum().backward()
    assert x.grad.dtype == np.dtype(source) and x.grad.tolist() == [2, 2, 2]


def test_floats_to_integers_cut_towards_zero():
    assert mt.tensor([-1.7, 1.7, 0.2]).long().tolist() == [-1, 1, 0]
    assert mt.tensor([-0.5, 0.0]).bool().tolist() == [True, False]


def test_a_clone_shares_no_memory():
    x = mt.ones(2)
    y = x.clone()
    y += 1
    assert x.tolist() == [1, 1] and y.tolist() == [2, 2]
