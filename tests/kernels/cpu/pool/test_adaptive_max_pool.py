"""The numba adaptive max-pool equals the reference bit for bit, on images with ties and NaN."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.adaptive_max_pool import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.pool.adaptive_max_pool")


def image():
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(3, 5, 17, 14)).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    x[rng.random(x.shape) < 0.3] = -np.inf
    return x


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [1, 3, (7, None), [17, 20], 0], ids=str)
def test_equals_the_reference(size, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    params = {"output_size": size}
    for x in (image(), image().swapaxes(2, 3)):
        assert kernel.supports(x, **params)
        (y, indices), fields = kernel.forward(x, **params)
        with use_kernels("reference"):
            (want, places), saved = OP.run((x,), params)
        np.testing.assert_array_equal(y, want)
        np.testing.assert_array_equal(indices, places)
        assert indices.dtype == np.int64
        gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        (gx,) = kernel.backward(gy, OP.saved(*fields), (True,))
        np.testing.assert_allclose(gx, OP.backward(gy, saved, (True,))[0], rtol=1e-6, atol=1e-6)


def test_lines():
    x = image()[:, :, 0]
    (y, indices), _ = kernel.forward(x, output_size=5)
    with use_kernels("reference"):
        (want, places), _ = OP.run((x,), {"output_size": 5})
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(indices, places)
