"""The dropout kernel equals the reference, for masks of elements and of channels."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.random.dropout import OP

pytest.importorskip("numba")
pytest.importorskip("minitorch_cv.kernels.cpu.random.dropout")


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("shape", "mask_shape"), [
    ((5, 7, 33, 41), (5, 7, 33, 41)), ((5, 7, 33, 41), (5, 7, 1, 1)), ((5, 7, 33, 41), (7, 1, 1)),
    ((5, 7, 33, 41), (5, 1, 33, 41)), ((0, 3), (0, 3)), ((), ()), ((31,), (31,)),
], ids=str)  # fmt: skip
def test_equals_the_reference(shape, mask_shape, p):
    rng = np.random.default_rng(0)
    x, gy = (np.asarray(rng.normal(size=shape), np.float32) for _ in range(2))
    mask = np.asarray(rng.random(mask_shape) >= p)
    found = []
    for mode in ("fast", "reference"):
        with use_kernels(mode):
            y, saved = OP.run((x, mask), {"p": p})
            found.append((y, OP.differentiate(gy, saved, (True, False))[0]))
    for got, want in zip(*found, strict=True):
        assert got.dtype == np.float32 and got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_what_is_dropped_and_not_finite_is_nan():
    x = np.array([np.nan, np.inf, -np.inf, 1.0] * 20, np.float32)
    y, saved = OP.run((x, np.zeros(80, bool)), {"p": 0.5})
    np.testing.assert_array_equal(y, [np.nan, np.nan, np.nan, 0.0] * 20)
    (gx, none) = OP.differentiate(x, saved, (True, False))
    np.testing.assert_array_equal(gx, y)
    assert none is None
    assert OP.differentiate(x, saved, (False, False)) == (None, None)


def test_layouts():
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(30, 40)).astype(np.float32).T, rng.random((80, 30))[::2] > 0.5
    y, _ = OP.run((x, mask), {"p": 0.5})
    np.testing.assert_array_equal(y, x * mask * np.float32(2))


def test_leaves_the_rest_to_the_reference():
    kernel, x = find_kernel("dropout", "cpu"), np.ones((4, 3, 2), np.float32)
    assert kernel.supports(x, x > 0, p=0.5)
    assert not kernel.supports(x.astype(np.float64), x > 0, p=0.5)
    assert not kernel.supports(x, x[:, :1] > 0, p=0.5)  # repeated in between
