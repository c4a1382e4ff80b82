"""Sums over images and pixels beside float64, for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.linalg.channel_sums")

SHAPES = [(3, 5, 7, 11), (2, 3, 33, 31), (1, 1, 1, 1), (9, 4, 1), (2, 7, 1, 513), (5, 2, 3, 2, 4)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_float64(shape, monkeypatch):
    x = np.random.default_rng(0).normal(3, 1, shape).astype(np.float32)
    want = np.moveaxis(x.astype(np.float64), 1, 0).reshape(shape[1], -1).sum(axis=1)
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(kernel.threads, "worth", lambda _, most=threads: most)
        results.append(kernel.channel_sums(x))
    np.testing.assert_allclose(results[0], want, rtol=2e-7)
    np.testing.assert_array_equal(*results)
    assert results[0].dtype == np.float32 and results[0].shape == (shape[1],)


def test_what_is_not_finite_stays_in_its_channel():
    x = np.ones((2, 3, 4, 5), np.float32)
    x[1, 0, 3, 4], x[0, 2, 0, 0] = np.nan, np.inf
    np.testing.assert_array_equal(kernel.channel_sums(x), [np.nan, 40, np.inf])
