"""max_pool against PyTorch: values, indices, gradients, ties, NaN, ceil_mode; refused calls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.max_pool import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": c}
    for k, s, p, d, c in itertools.product(
        (2, 3, (3, 2)), (None, 1, 2, (3, 2)), (0, 1), (1, 2, (1, 3)), (False, True)
    )
]


def both(x, **params):
    ours = OP.run((x,), params)[0]
    return ours, F.max_pool2d(torch.tensor(np.array(x)), return_indices=True, **params)


def equal(x, **params):
    (y, indices), (ty, tindices) = both(x, **params)
    assert y.dtype == ty.numpy().dtype and indices.dtype == tindices.numpy().dtype
    np.testing.assert_array_equal(y, ty.numpy())
    np.testing.assert_array_equal(indices, tindices.numpy())


@pytest.mark.parametrize("params", GRID, ids=str)
def test_grid(params, agrees_with_torch):
    x = np.random.default_rng(0).normal(size=(2, 2, 8, 7))
    equal(x, **params)
    agrees_with_torch(OP, F.max_pool2d, (x,), params)


@pytest.mark.parametrize("size", range(3, 12))
def test_ceil_mode_at_every_size(size):
    """The last window may hang over the edge, unless it would start in the padding there."""
    x = np.random.default_rng(size).normal(size=(1, 1, size, size + 1))
    for k, s, p in itertools.product((2, 3), (1, 2, 3, 4), (0, 1)):
        for path in ("reference", "fast"):
            with use_kernels(path):
                for dtype in (np.float64, np.float32):
                    equal(x.astype(dtype), kernel_size=k, stride=s, padding=p, ceil_mode=True)


@pytest.mark.parametrize("path", ["reference", "fast"])
@pytest.mark.parametrize(
    "params", [{}, {"stride": 1}, {"padding": 1}, {"dilation": 2, "padding": 1}], ids=str
)
def test_ties_nan_and_inf(path, params):
    """Small whole numbers make ties; some are NaN, some infinite."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, size=(4, 3, 9, 8)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.1] = np.inf
    x[rng.random(x.shape) < 0.3] = -np.inf
    x[3] = -np.inf
    with use_kernels(path):
        equal(x, kernel_size=3, **params)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int32", "uint8"])
def test_dtypes(dtype):
    x = (np.random.default_rng(0).normal(size=(2, 2, 6, 6)) * 50 + 100).astype(dtype)
    equal(x, kernel_size=3, stride=2, padding=1)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_gradients_in_other_dtypes(dtype, agrees_with_torch):
    x = np.random.default_rng(0).permutation(2 * 2 * 49).reshape(2, 2, 7, 7).astype(float)
    agrees_with_torch(OP, F.max_pool2d, (x,), {"kernel_size": 3, "stride": 1}, dtype)


REFUSED = [
    ((1, 1, 4, 4), {"kernel_size": 5}),
    ((1, 1, 4, 4), {"kernel_size": 2, "dilation": 4}),
    ((1, 1, 4, 4), {"kernel_size": 2, "padding": 2}),
    ((1, 1, 4, 4), {"kernel_size": 3, "padding": 2}),
    ((1, 1, 4, 4), {"kernel_size": 3, "padding": 2, "dilation": 2}),
    ((1, 1, 4, 4), {"kernel_size": (4, 2), "padding": (1, 2)}),
    ((1, 1, 4, 4), {"kernel_size": 2, "padding": -1}),
    ((1, 1, 4, 4), {"kernel_size": 2, "stride": 0}),
    ((1, 1, 4, 4), {"kernel_size": 2, "stride": (1, 0)}),
    ((1, 1, 4, 4), {"kernel_size": 2, "dilation": 0}),
    ((1, 1, 4, 4), {"kernel_size": 0}),
    ((1, 1, 4, 4), {"kernel_size": (2, 2, 2)}),
    ((1, 1, 4, 4), {"kernel_size": 2.5}),
    ((1, 0, 4, 4), {"kernel_size": 2}),
    ((1, 1, 0, 4), {"kernel_size": 2}),
    ((4, 4), {"kernel_size": 2}),
]


@pytest.mark.parametrize(("shape", "params"), REFUSED, ids=str)
def test_both_refuse(shape, params):
    x = np.ones(shape)
    with pytest.raises((ValueError, TypeError), match="^max_pool(2d)?: "):
        OP(x, **params)
    with pytest.raises((RuntimeError, TypeError)):
        F.max_pool2d(torch.tensor(x), **params)
