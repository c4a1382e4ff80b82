"""The numba max-pool equals the reference bit for bit, on shapes larger than the op's samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.max_pool2d import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.max_pool2d")

GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": c}
    for k, s, p, d, c in itertools.product((2, (3, 4)), (None, (1, 3)), (0, 1), (1, (2, 1)), (0, 1))
]


def image(layout):
    """Few different values, so that there are ties; some NaN and infinities."""
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(3, 5, 17, 14)).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    x[rng.random(x.shape) < 0.2] = -np.inf
    return {"contiguous": x, "transposed": x.swapaxes(2, 3), "reversed": x[..., ::-1, ::2]}[layout]


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "reversed"])
@pytest.mark.parametrize("params", GRID, ids=str)
def test_equals_the_reference(layout, params):
    x = image(layout)
    assert kernel.supports(x, **params)
    (y, indices), fields = kernel.forward(x, **params)
    with use_kernels("reference"):
        (want, places), saved = OP.run((x,), params)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(indices, places)
    assert y.dtype == want.dtype and indices.dtype == places.dtype
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    (gx,) = kernel.backward(gy, OP.saved(*fields), (True,))
    np.testing.assert_allclose(gx, OP.backward(gy, saved, (True,))[0], rtol=1e-6, atol=1e-6)
    assert kernel.backward(gy, OP.saved(*fields), (False,)) == (None,)


def test_takes_float32_alone():
    x = image("contiguous")
    assert not kernel.supports(x.astype(np.float64), kernel_size=2)
    assert not kernel.supports(x.astype(np.float16), kernel_size=2)
