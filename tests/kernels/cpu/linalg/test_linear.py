"""linear's three products beside float64, for few rows and many, on one thread and several."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.linalg.linear")

SIZES = [(1, 400, 120), (2, 33, 7), (5, 5000, 3), (8, 31, 100), (9, 64, 50), (130, 40, 17),
         (300, 6, 9), (3, 1, 1)]  # fmt: skip


def close(got, want):
    assert got.dtype == np.float32 and got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * max(1.0, abs(want).max()))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("R, IN, OUT", SIZES, ids=str)
def test_equals_float64(R, IN, OUT, threads, monkeypatch):
    monkeypatch.setattr(kernel.threads, "_MOST", threads)
    monkeypatch.setattr(kernel.threads, "_count", threads)
    monkeypatch.setattr(kernel.threads, "_ENOUGH", 1)
    monkeypatch.setattr(kernel.threads, "_ENOUGH_PRODUCTS", 1)
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=size).astype(np.float32) for size in ((R, IN), (OUT, IN)))
    b, gy = rng.normal(size=OUT).astype(np.float32), rng.normal(size=(R, OUT)).astype(np.float32)
    y, saved = kernel.forward(x, w, b)
    close(y, x.astype(np.float64) @ w.T.astype(np.float64) + b)
    gx, gw, gb = kernel.backward(gy, saved, (True, True, True))
    close(gx, gy.astype(np.float64) @ w)
    close(gw, gy.T.astype(np.float64) @ x)
    close(gb, gy.sum(axis=0, dtype=np.float64))
    again = kernel.backward(gy, saved, (True, True, True))
    assert all(np.array_equal(a, b) for a, b in zip(again, (gx, gw, gb), strict=True))


@pytest.mark.parametrize("R", [3, 20])
def test_an_infinity_stays_in_its_row(R):
    x, w = np.ones((R, 40), np.float32), np.ones((6, 40), np.float32)
    x[1, 3], w[2, 5] = np.inf, np.nan
    y, _ = kernel.forward(x, w, None)
    assert np.isnan(y[:, 2]).all() and np.isfinite(np.delete(np.delete(y, 1, 0), 2, 1)).all()
    assert np.isinf(np.delete(y[1], 2)).all()


def test_takes_any_layout_and_leading_axes():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(4, 3, 5)).astype(np.float32), rng.normal(size=(5, 6)).astype(np.float32)
    y, saved = kernel.forward(x.swapaxes(0, 1), w.T, None)
    np.testing.assert_allclose(y, x.swapaxes(0, 1) @ w, rtol=1e-5, atol=1e-5)
    gx, _, gb = kernel.backward(np.ones_like(y), saved, (True, False, False))
    assert gx.shape == (3, 4, 5) and gb is None


def test_leaves_the_rest_to_the_reference():
    x, w, b = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.ones(4, np.float32)
    assert kernel.supports(x, w, b) and kernel.supports(x, w, None)
    assert not kernel.supports(x, w[0], None)
    assert not kernel.supports(x[:0], w, b)
    assert not kernel.supports(x, w, b[:1])
    assert not kernel.supports(x.astype(np.float64), w.astype(np.float64), None)
