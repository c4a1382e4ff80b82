"""The prelu kernel against the reference in float64: one slope, or one for each channel."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.activation.prelu import OP

pytest.importorskip("numba")
pytest.importorskip("minitorch_cv.kernels.cpu.elementwise.prelu")


@pytest.mark.parametrize(("shape", "slopes"), [
    ((4, 7, 31, 45), (7,)), ((4, 7, 31, 45), (1,)), ((4, 7, 31, 45), ()), ((501, 33), (33,)),
    ((1, 5), (5,)), ((77,), (1,)), ((), (1,)), ((), ()),
], ids=str)  # fmt: skip
def test_equals_the_reference(shape, slopes):
    rng = np.random.default_rng(0)
    x, gy = (np.asarray(rng.normal(size=shape), np.float32) for _ in range(2))
    w = np.asarray(rng.normal(size=slopes), np.float32)
    assert find_kernel("prelu", "cpu").supports(x, w)
    for needs in ((True, True), (True, False), (False, True)):
        found = []
        for mode, dtype in (("fast", np.float32), ("reference", np.float64)):
            with use_kernels(mode):
                y, saved = OP.run((x.astype(dtype), w.astype(dtype)), {})
                found.append((y, *OP.differentiate(gy.astype(dtype), saved, needs)))
        for got, want in zip(*found, strict=True):
            if want is None:
                assert got is None
                continue
            assert got.dtype == np.float32 and got.shape == want.shape
            atol = 1e-5 * np.max(np.abs(want), initial=1.0)
            np.testing.assert_allclose(got, want, rtol=0, atol=atol)


def test_nan_and_kink():
    x = np.array([[np.nan, 0.0, -np.inf, np.inf, -1.0]], np.float32)
    w = np.full(5, 0.25, np.float32)
    y, saved = OP.run((x, w), {})
    np.testing.assert_array_equal(y, [[np.nan, 0, -np.inf, np.inf, -0.25]])
    gx, gw = OP.differentiate(np.full_like(x, 2), saved, (True, True))
    np.testing.assert_array_equal(gx, [[0.5, 0.5, 0.5, 2, 0.5]])
    np.testing.assert_array_equal(gw, [np.nan, 0, -np.inf, 0, -2])


def test_leaves_empty_batches_and_other_dtypes_to_the_reference():
    kernel, w = find_kernel("prelu", "cpu"), np.ones(3, np.float32)
    assert not kernel.supports(np.ones((0, 3), np.float32), w)
    assert not kernel.supports(np.ones((2, 3)), np.ones(3))
