"""adaptive_avg_pool against PyTorch, over image sizes and output sizes; refused calls."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.adaptive_avg_pool import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

SIZES = [1, 2, 3, 5, 7, 8, (2, 3), (None, 2), (4, None), (None, None), (9, 1)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("image", [(7, 7), (5, 8), (1, 3)])
def test_grid(size, image, agrees_with_torch):
    x = np.random.default_rng(0).normal(size=(2, 3, *image))
    agrees_with_torch(OP, F.adaptive_avg_pool2d, (x,), {"output_size": size})


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes(dtype, agrees_with_torch):
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 7))
    agrees_with_torch(OP, F.adaptive_avg_pool2d, (x,), {"output_size": (3, 2)}, dtype)


REFUSED = [
    ((1, 1, 4, 4), -1), ((1, 1, 4, 4), (2, 2, 2)), ((1, 1, 4, 4), 2.5), ((1, 1, 0, 4), 2),
    ((1, 1, 4, 0), (2, 2)), ((4, 4), 2),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "size"), REFUSED, ids=str)
def test_both_refuse(shape, size):
    with pytest.raises((ValueError, TypeError), match="^adaptive_avg_pool(2d)?: "):
        OP(np.ones(shape), output_size=size)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        F.adaptive_avg_pool2d(torch.ones(shape), size)
