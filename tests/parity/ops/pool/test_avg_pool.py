"""avg_pool against PyTorch: the divisor in every combination of arguments; refused calls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.ops.pool.avg_pool import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional

GRID = [
    {
        "kernel_size": k, "stride": s, "padding": p, "ceil_mode": c, "count_include_pad": i,
        "divisor_override": d,
    }
    for k, s, p, c, i, d in itertools.product(
        (2, (3, 2), 4), (None, 1, (2, 3)), (0, 1), (False, True), (False, True), (None, 3, -2)
    )
]  # fmt: skip


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("params", GRID, ids=str)
def test_grid(params, agrees_with_torch):
    agrees_with_torch(OP, F.avg_pool2d, (draw(2, 2, 8, 7),), params)


@pytest.mark.parametrize("size", range(3, 12))
def test_divisors_at_every_size(size):
    """Windows that hang over the edge, over the padding, or over both."""
    x = draw(1, 1, size, size + 1)
    for k, s, p, i in itertools.product((2, 3, 4), (1, 2, 3, 4), (0, 1, 2), (False, True)):
        if p <= k // 2 and k <= size + 2 * p:
            params = {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": True}
            params["count_include_pad"] = i
            want = F.avg_pool2d(torch.tensor(x), **params).numpy()
            np.testing.assert_allclose(OP(x, **params), want, rtol=1e-12, err_msg=str(params))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes(dtype, agrees_with_torch):
    agrees_with_torch(
        OP, F.avg_pool2d, (draw(2, 3, 7, 7),), {"kernel_size": 3, "padding": 1}, dtype
    )


def test_half_precision_does_not_overflow(agrees_with_torch):
    """The sum of a window is beyond float16, its mean is not."""
    x = np.full((1, 1, 8, 8), 3e4)
    agrees_with_torch(OP, F.avg_pool2d, (x,), {"kernel_size": 8}, "float16")


REFUSED = [
    ((1, 1, 4, 4), {"kernel_size": 5}),
    ((1, 1, 4, 4), {"kernel_size": 2, "padding": 2}),
    ((1, 1, 4, 4), {"kernel_size": 3, "padding": (1, 2)}),
    ((1, 1, 4, 4), {"kernel_size": 2, "padding": -1}),
    ((1, 1, 4, 4), {"kernel_size": 2, "stride": 0}),
    ((1, 1, 4, 4), {"kernel_size": 0}),
    ((1, 1, 4, 4), {"kernel_size": (2, 2, 2)}),
    ((1, 1, 4, 4), {"kernel_size": 2, "divisor_override": 0}),
    ((1, 0, 4, 4), {"kernel_size": 2}),
    ((1, 1, 0, 4), {"kernel_size": 2}),
    ((4, 4), {"kernel_size": 2}),
]


@pytest.mark.parametrize(("shape", "params"), REFUSED, ids=str)
def test_both_refuse(shape, params):
    with pytest.raises((ValueError, TypeError), match="^avg_pool(2d)?: "):
        OP(np.ones(shape), **params)
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        F.avg_pool2d(torch.ones(shape), **params)
