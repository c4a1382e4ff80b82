"""dropout against PyTorch's own multiplication by a mask (its random numbers are its own)."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.random.dropout import OP

torch = pytest.importorskip("torch")


def dropout(x, mask, p):
    """As in PyTorch's Dropout.cpp: x · (mask / (1 − p)), and x · 0 for p = 1."""
    return x * mask.to(x.dtype).div(1 - p) if p < 1 else x * torch.zeros((), dtype=x.dtype)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_values_and_gradients(p, dtype, agrees_with_torch):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 3, 2))
    agrees_with_torch(OP, dropout, (x, rng.random(x.shape) >= p), {"p": p}, dtype)
    agrees_with_torch(OP, dropout, (x, rng.random((4, 3, 1)) >= p), {"p": p}, dtype)


def test_all_dropped_is_zero_as_in_torch():
    x = np.array([1.0, -2.0, np.nan, np.inf])
    theirs = torch.nn.functional.dropout(torch.tensor(x), 1.0).numpy()
    np.testing.assert_array_equal(OP(x, np.zeros(4, bool), p=1.0), theirs)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_both_refuse(p):
    with pytest.raises(ValueError, match="dropout: p is a probability"):
        OP(np.ones(3), np.ones(3, bool), p=p)
    with pytest.raises((ValueError, RuntimeError)):
        torch.nn.functional.dropout(torch.ones(3), p)
