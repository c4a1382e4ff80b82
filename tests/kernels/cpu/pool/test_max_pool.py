"""The numba max-pool equals the reference bit for bit, on shapes larger than the op's samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.max_pool import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.pool.max_pool")

CEIL = (False, True)
GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": c}
    for k, s, p, d, c in itertools.product((2, (3, 4)), (None, (1, 3)), (0, 1), (1, (2, 1)), CEIL)
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


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("params", [
    {"kernel_size": 3, "stride": 2}, {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True}, {"kernel_size": 3, "stride": 1},
    {"kernel_size": 2, "ceil_mode": True}, {"kernel_size": 2}, {"kernel_size": (2, 5), "stride": 1},
    {"kernel_size": 13, "stride": 4, "padding": 6}, {"kernel_size": 1, "stride": 3},
], ids=str)  # fmt: skip
def test_usual_windows_on_any_number_of_threads(params, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    x = np.tile(image("contiguous"), (1, 1, 2, 5))[..., :-1]  # (3, 5, 34, 69)
    (y, indices), fields = kernel.forward(x, **params)
    with use_kernels("reference"):
        (want, places), saved = OP.run((x,), params)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(indices, places)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    (gx,) = kernel.backward(gy, OP.saved(*fields), (True,))
    np.testing.assert_allclose(gx, OP.backward(gy, saved, (True,))[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("params", [
    {"kernel_size": 3}, {"kernel_size": (2,), "stride": 3, "padding": [1], "dilation": 2},
    {"kernel_size": 4, "stride": (), "padding": 2, "ceil_mode": True},
], ids=str)  # fmt: skip
def test_lines(params):
    x = image("contiguous")[:, :, 0]
    assert kernel.supports(x, **params)
    (y, indices), fields = kernel.forward(x, **params)
    with use_kernels("reference"):
        (want, places), saved = OP.run((x,), params)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(indices, places)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    (gx,) = kernel.backward(gy, OP.saved(*fields), (True,))
    np.testing.assert_allclose(gx, OP.backward(gy, saved, (True,))[0], rtol=1e-6, atol=1e-6)


def test_leaves_windows_without_a_pixel_to_the_reference():
    x = image("contiguous")
    assert kernel.supports(x, kernel_size=2, padding=1, dilation=(17, 14))
    assert kernel.supports(x, kernel_size=1, dilation=50)
    assert kernel.supports(x, kernel_size=2, padding=(0, 1), dilation=(50, 1))
    assert not kernel.supports(x, kernel_size=2, padding=1, dilation=(18, 1))
    assert not kernel.supports(x, kernel_size=2, padding=1, dilation=15)


def test_goes_back_through_volumes_and_empty_windows():
    """The forward is the reference's; the gradient is added up here."""
    x = image("contiguous")[None, :, :, :3, :4]
    for params in ({"kernel_size": 2, "stride": 1},
                   {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 4}):  # fmt: skip
        assert not kernel.supports(x, **params)
        (y, _), saved = OP.run((x,), params)
        gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        (gx,) = kernel.backward(gy, saved, (True,))
        np.testing.assert_allclose(gx, OP.backward(gy, saved, (True,))[0], rtol=1e-6, atol=1e-6)


def test_takes_float32_alone():
    x = image("contiguous")
    assert not kernel.supports(x.astype(np.float64), kernel_size=2)
    assert not kernel.supports(x.astype(np.float16), kernel_size=2)
