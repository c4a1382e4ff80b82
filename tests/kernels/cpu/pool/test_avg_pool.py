"""The numba average pools against the reference in float64, on shapes larger than the samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.pool.adaptive_avg_pool import OP as ADAPTIVE
from minitorch_cv.ops.pool.avg_pool import OP as AVG

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.pool.avg_pool")

WINDOWS = [
    {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": c, "count_include_pad": i}
    for k, s, p, c, i in itertools.product(
        (2, 3, (4, 3)), (None, 1, (3, 2)), (0, 1), (False, True), (False, True)
    )
]
SIZES = [1, 2, (7, 3), (5, None), (20, 30), (17, 26), 0]


def image(layout="contiguous"):
    x = np.random.default_rng(0).normal(size=(3, 5, 17, 26)).astype(np.float32)
    return {"contiguous": x, "transposed": x.swapaxes(2, 3), "reversed": x[..., ::-1, ::2]}[layout]


def compare(op, x, params):
    """Values, fields and gradient."""
    found = kernel.AVG_POOL if op is AVG else kernel.ADAPTIVE_AVG_POOL
    assert found.supports(x, **params)
    y, fields = found.forward(x, **params)
    with use_kernels("reference"):
        want, saved = op.run((x.astype(np.float64),), params)
        gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        (gx_want,) = op.differentiate(gy.astype(np.float64), saved, (True,))
    assert y.dtype == np.float32 and y.shape == want.shape
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6)
    assert op.saved(*fields)[:2] == saved[:2]
    np.testing.assert_allclose(fields[2], saved.divisors)
    (gx,) = found.backward(gy, op.saved(*fields), (True,))
    assert gx.dtype == np.float32
    np.testing.assert_allclose(gx, gx_want, rtol=1e-5, atol=1e-6)
    assert found.backward(gy, op.saved(*fields), (False,)) == (None,)


@pytest.mark.parametrize("params", WINDOWS, ids=str)
def test_windows(params):
    compare(AVG, image(), params)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "reversed"])
def test_layouts_and_threads(layout, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    compare(AVG, image(layout), {"kernel_size": 2})
    compare(AVG, image(layout), {"kernel_size": 3, "stride": 2, "padding": 1})
    compare(AVG, image(layout), {"kernel_size": [2, 3], "divisor_override": -5})
    compare(ADAPTIVE, image(layout), {"output_size": 1})
    compare(ADAPTIVE, image(layout), {"output_size": [3, 4]})


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_chosen_sizes(size):
    compare(ADAPTIVE, image(), {"output_size": size})


def test_lines():
    x = image()[:, :, 0]
    for params in ({"kernel_size": 3}, {"kernel_size": 4, "stride": 3, "padding": 2}):
        compare(AVG, x, params)
    for size in (1, 5, (26,), 40):
        compare(ADAPTIVE, x, {"output_size": size})


def test_nan_and_infinity_stay_in_their_windows():
    x = image()
    x[0, 0, 3, 4], x[1, 1, 0, 0], x[2, 2, 16, 25] = np.nan, np.inf, -np.inf
    for params in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}):
        compare(AVG, x, params)
    compare(ADAPTIVE, x, {"output_size": 1})


def test_leaves_volumes_to_the_reference():
    x = np.ones((1, 2, 3, 4, 5), np.float32)
    assert not kernel.AVG_POOL.supports(x, kernel_size=2)
    _, saved = AVG.run((x,), {"kernel_size": 2})
    gy = np.ones((1, 2, 1, 2, 2), np.float32)
    assert kernel.AVG_POOL.backward(gy, saved, (True,)) is NotImplemented
    assert not kernel.AVG_POOL.supports(image().astype(np.float64), kernel_size=2)
