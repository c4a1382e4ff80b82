"""im2col and col2im against PyTorch's unfold and fold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.conv.im2col import COL2IM, OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d}
    for k, s, p, d in itertools.product((1, 2, (3, 2)), (1, (2, 3)), (0, (1, 2)), (1, (2, 1)))
]


@pytest.mark.parametrize("params", GRID, ids=str)
def test_grid(params, agrees_with_torch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 6, 7))
    agrees_with_torch(OP, F.unfold, (x,), params)
    cols = rng.normal(size=OP(x, **params).shape)
    agrees_with_torch(COL2IM, F.fold, (cols,), {"output_size": (6, 7), **params})


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes(dtype, agrees_with_torch):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    agrees_with_torch(OP, F.unfold, (x,), {"kernel_size": 3, "padding": 1}, dtype)


REFUSED = [
    {"kernel_size": 6}, {"kernel_size": 3, "dilation": 3}, {"kernel_size": 0},
    {"kernel_size": 2, "stride": 0}, {"kernel_size": 2, "padding": -1},
    {"kernel_size": 2, "dilation": 0}, {"kernel_size": (2, 2, 2)},
]  # fmt: skip


@pytest.mark.parametrize("params", REFUSED, ids=str)
def test_both_refuse(params):
    x, cols = np.ones((1, 2, 5, 5)), np.ones((1, 8, 16))
    with pytest.raises((ValueError, TypeError), match="^im2col: "):
        OP(x, **params)
    with pytest.raises((ValueError, TypeError), match="^col2im: "):
        COL2IM(cols, output_size=(5, 5), **params)
    with pytest.raises((RuntimeError, IndexError, TypeError)):
        F.unfold(torch.tensor(x), **params)
    with pytest.raises((RuntimeError, IndexError, TypeError)):
        F.fold(torch.tensor(cols), output_size=(5, 5), **params)
