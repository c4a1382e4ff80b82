"""The numba softmax and log_softmax against the reference in float64, on long and short lines."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.activation.log_softmax import OP as LOG_SOFTMAX
from minitorch_cv.ops.activation.softmax import OP as SOFTMAX

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.activation.softmax")

KERNELS = {SOFTMAX: kernel.SOFTMAX, LOG_SOFTMAX: kernel.LOG_SOFTMAX}
SHAPES = [  # (shape, axis)
    ((1, 10), 1), ((128, 10), -1), ((7, 100), 1), ((5, 255), 1), ((5, 256), 1), ((3, 1001), 1),
    ((2, 21, 33, 35), 1), ((2, 2, 1023), 1), ((300, 7), 0), ((2, 3, 4, 5), 2), ((9,), 0), ((), 0),
    ((4, 1), 1), ((2500, 3), 1),
]  # fmt: skip


def compare(op, x, axis, largest=1e-5):
    fast = KERNELS[op]
    assert fast.supports(x, axis=axis)
    y, fields = fast.forward(x, axis=axis)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    with use_kernels("reference"):
        want, saved = op.run((x.astype(np.float64),), {"axis": axis})
        (gx_want,) = op.differentiate(gy.astype(np.float64), saved, (True,))
    (gx,) = fast.backward(gy, op.saved(*fields), (True,))
    assert op.saved(*fields).axes == saved.axes
    for got, expected in ((y, want), (gx, gx_want)):
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(got), np.isinf(expected))
        sound = np.isfinite(expected)
        scale = max(abs(expected[sound]).max(initial=0), 1e-30)
        assert abs(got[sound] - expected[sound]).max(initial=0) <= largest * scale
    assert fast.backward(gy, op.saved(*fields), (False,)) == (None,)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("shape, axis", SHAPES, ids=str)
@pytest.mark.parametrize("op", KERNELS, ids=lambda op: op.name)
def test_equals_the_reference(op, shape, axis, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    x = np.random.default_rng(0).normal(scale=5, size=shape).astype(np.float32)
    compare(op, x, axis)
    compare(op, x - np.float32(300), axis)


@pytest.mark.parametrize("shape, axis", [((9, 10), 1), ((9, 300), 1), ((2, 5, 40), 1)], ids=str)
@pytest.mark.parametrize("op", KERNELS, ids=lambda op: op.name)
def test_nan_and_infinity(op, shape, axis):
    for value in (np.nan, -np.nan, np.inf, -np.inf):
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        x.reshape(-1)[[0, 13, 50]] = value
        compare(op, x, axis)
        x[0] = value
        compare(op, x, axis)


@pytest.mark.parametrize("op", KERNELS, ids=lambda op: op.name)
def test_values_far_apart_and_other_layouts(op):
    rng = np.random.default_rng(0)
    for shape in ((40, 10), (4, 300)):
        compare(op, rng.normal(scale=100, size=shape).astype(np.float32), 1)
    x = rng.normal(size=(6, 50, 8)).astype(np.float32)
    compare(op, x.transpose(2, 0, 1), 1)
    compare(op, x[::-2, ::3], -1)


def test_takes_float32_that_is_not_empty():
    assert not kernel.SOFTMAX.supports(np.ones((2, 3)), axis=1)
    assert not kernel.SOFTMAX.supports(np.ones((0, 3), np.float32), axis=1)
