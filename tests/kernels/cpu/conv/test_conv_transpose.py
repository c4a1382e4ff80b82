"""conv_transpose by conv's kernels equals the float64 reference."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.conv.conv_transpose")
OP = op_named("conv_transpose2d")

CASES = [
    ((3, 8, 7, 6), (8, 5, 4, 4), {"stride": 2, "padding": 1}),
    ((2, 32, 9, 9), (32, 24, 3, 3), {"padding": 1}),
    ((2, 20, 13, 12), (20, 9, 1, 1), {}),
    ((2, 6, 5, 4), (6, 2, 3, 2), {"stride": (3, 2), "output_padding": (2, 1), "groups": 3}),
    ((2, 4, 5, 6), (4, 1, 3, 3), {"groups": 4, "dilation": 2, "padding": 1}),
    ((2, 4, 9), (4, 3, 5), {"stride": 2, "output_padding": 1}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "params"), CASES, ids=str)
def test_equals_the_reference(x_shape, w_shape, params):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=x_shape), rng.normal(size=w_shape)
    b = rng.normal(size=w_shape[1] * params.get("groups", 1))
    given = [a.astype(np.float32) for a in (x, w, b)]
    assert kernel.supports(*given, **params)
    y, fields = kernel.forward(*given, **params)
    gy = rng.normal(size=y.shape).astype(np.float32)
    grads = kernel.backward(gy, OP.saved(*fields), (True, True, True))
    with use_kernels("reference"):
        want, saved = OP.run([a.astype(np.float64) for a in given], params)
        exact = OP.differentiate(gy.astype(np.float64), saved, (True, True, True))
    for got, right in zip((y, *grads), (want, *exact), strict=True):
        assert got.shape == right.shape and got.dtype == np.float32
        assert np.abs(got - right).max() < 5e-5 * np.abs(right).max()


def test_volumes_are_the_references():
    x, w = np.ones((1, 2, 2, 2, 2), np.float32), np.ones((2, 2, 2, 2, 2), np.float32)
    assert not kernel.supports(x, w, None)
    y, saved = OP.run((x, w, None), {})
    assert OP.differentiate(y, saved, (True, False, False))[0].shape == x.shape
