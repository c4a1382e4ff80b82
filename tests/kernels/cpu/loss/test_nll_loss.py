"""The numba nll_loss against the reference in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.loss.nll_loss import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.loss.nll_loss")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("shape", [(128, 10), (5, 1001), (11,), (3, 21, 33, 37)], ids=str)
def test_equals_the_reference(shape, ignored, reduction, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    K = shape[0] if len(shape) == 1 else shape[1]
    target = rng.integers(0, K, () if len(shape) == 1 else shape[:1] + shape[2:])
    if ignored:
        target = np.where(rng.random(target.shape) < 0.3, -100, target)
    for weight in (None, rng.uniform(0.5, 2, K).astype(np.float32)):
        assert kernel.supports(x, target, weight, reduction=reduction)
        y, fields = kernel.forward(x, target, weight, reduction=reduction)
        gy = np.asarray(rng.normal(size=y.shape).astype(np.float32))
        wide = None if weight is None else weight.astype(np.float64)
        with use_kernels("reference"):
            want, saved = OP.run((x.astype(np.float64), target, wide), {"reduction": reduction})
            expected = OP.differentiate(gy.astype(np.float64), saved, (True, False, False))[0]
            through = OP.differentiate(gy, OP.saved(*fields), (True, False, False))[0]
        (gx, *_) = kernel.backward(gy, OP.saved(*fields), (True, False, False))
        assert y.dtype == gx.dtype == np.float32 and y.shape == want.shape
        np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(gx, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(through, expected, rtol=1e-5, atol=1e-6)
    assert kernel.backward(gy, OP.saved(*fields), (False,) * 3) == (None,) * 3


def test_nothing_counts():
    x, target = np.ones((4, 3), np.float32), np.full(4, -100)
    y, fields = kernel.forward(x, target, None)
    assert np.isnan(y)
    (gx, *_) = kernel.backward(np.ones((), np.float32), OP.saved(*fields), (True, False, False))
    assert not gx.any()
