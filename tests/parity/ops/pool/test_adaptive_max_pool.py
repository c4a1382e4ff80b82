"""adaptive_max_pool against PyTorch: values, indices, gradients; ties, NaN; refused calls."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.adaptive_max_pool import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

SIZES = [1, 2, 3, 5, 7, 8, (2, 3), (None, 2), (4, None), (None, None), (9, 1)]


def equal(x, size):
    y, indices = OP.run((x,), {"output_size": size})[0]
    ty, tindices = F.adaptive_max_pool2d(torch.tensor(x), size, return_indices=True)
    np.testing.assert_array_equal(y, ty.numpy())
    np.testing.assert_array_equal(indices, tindices.numpy())
    assert y.dtype == x.dtype and indices.dtype == np.int64


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("image", [(7, 7), (5, 8), (1, 3)])
def test_grid(size, image, agrees_with_torch):
    x = np.random.default_rng(0).normal(size=(2, 3, *image))
    equal(x, size)
    agrees_with_torch(OP, F.adaptive_max_pool2d, (x,), {"output_size": size})


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_ties_nan_and_inf(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, size=(4, 3, 9, 8)).astype(dtype)
    x[rng.random(x.shape) < 0.05] = np.nan
    x[rng.random(x.shape) < 0.3] = -np.inf
    x[3] = -np.inf
    for size in (1, 3, (4, 5), 10):
        equal(x, size)


REFUSED = [
    ((1, 1, 4, 4), -1), ((1, 1, 4, 4), (2, 2, 2)), ((1, 1, 4, 4), 2.5), ((1, 1, 0, 4), 1),
    ((1, 1, 4, 0), (1, 1)), ((4, 4), 2),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "size"), REFUSED, ids=str)
def test_both_refuse(shape, size):
    with pytest.raises((ValueError, TypeError), match="^adaptive_max_pool(2d)?: "):
        OP(np.ones(shape), output_size=size)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        F.adaptive_max_pool2d(torch.ones(shape), size)
