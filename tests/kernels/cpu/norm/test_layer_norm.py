"""The numba layer_norm and rms_norm beside their references in float64."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.ops.norm import layer_norm, rms_norm

sys.path.insert(0, str(Path(__file__).resolve().parent))

import beside_float64 as beside  # noqa: E402

pytest.importorskip("numba")
LAYER = pytest.importorskip("minitorch_cv.kernels.cpu.norm.layer_norm")
RMS = pytest.importorskip("minitorch_cv.kernels.cpu.norm.rms_norm")
BOTH = [(layer_norm.OP, LAYER, 3), (rms_norm.OP, RMS, 2)]
both = pytest.mark.parametrize("op, kernel, count", BOTH, ids=["layer_norm", "rms_norm"])

SHAPES = [((5, 197, 96), 1), ((3, 7, 5, 4), 3), ((700,), 1), ((67, 513), 1), ((4, 3, 33, 35), 2),
          ((2, 70000), 1), ((33, 5), 1), ((90, 2), 1)]  # fmt: skip


def inputs(shape, axes, mean=0.5, deviation=2.0):
    rng = np.random.default_rng(0)
    last = shape[len(shape) - axes :]
    return rng.normal(mean, deviation, shape), rng.normal(1, 0.5, last), rng.normal(size=last)


def params(shape, axes, eps=1e-2):
    return {"normalized_shape": shape[len(shape) - axes :], "eps": eps}


@both
@pytest.mark.parametrize("shape, axes", SHAPES, ids=str)
def test_equals_float64(op, kernel, count, shape, axes):
    given = inputs(shape, axes)
    beside.compare(op, kernel, given[:count], params(shape, axes))
    beside.compare(op, kernel, (given[0], None, given[2])[:count], params(shape, axes))
    beside.compare(op, kernel, (given[0], given[1], None)[:count], params(shape, axes))


def test_one_value_in_a_row():
    x, weight, bias = inputs((90, 1), 1)
    beside.compare(rms_norm.OP, RMS, (x, weight), params((90, 1), 1))
    single = [a.astype(np.float32) for a in (x, weight, bias)]
    y, fields = LAYER.forward(*single, **params((90, 1), 1))
    np.testing.assert_array_equal(y, np.broadcast_to(single[2], y.shape))
    gy = np.random.default_rng(5).normal(size=y.shape).astype(np.float32)
    gx, gweight, gbias = LAYER.backward(gy, layer_norm.OP.saved(*fields), (True,) * 3)
    np.testing.assert_allclose(gx, 0, atol=1e-5)
    np.testing.assert_allclose(gweight, 0, atol=1e-5)
    np.testing.assert_allclose(gbias, gy.sum(0), rtol=1e-5)


@both
@pytest.mark.parametrize("mean, deviation", [(100, 1), (-30000, 1), (1e-6, 1e-6), (1e15, 1e14)])
def test_means_far_from_zero(op, kernel, count, mean, deviation):
    shape = (20, 192)
    beside.compare(op, kernel, inputs(shape, 1, mean, deviation)[:count], params(shape, 1, 1e-6))


@pytest.mark.parametrize("value", [0.0, 1.7, 123456792.0])
def test_a_constant_has_no_variance(value):
    x, bias = np.full((3, 701), value, np.float32), np.ones(701, np.float32)
    y, fields = LAYER.forward(x, None, bias, **params(x.shape, 1))
    np.testing.assert_array_equal(y, 1)
    np.testing.assert_array_equal(layer_norm.OP.saved(*fields).inverse, 10.0)


@both
def test_needs_and_not_finite(op, kernel, count):
    given = inputs((6, 4, 5), 2)[:count]
    beside.check_needs(op, kernel, given, params((4, 5), 2))
    beside.check_not_finite(op, kernel, given, params((4, 5), 2), [(0, 0, 0), (3, 2, 4)])


@both
@pytest.mark.parametrize("shape", [(1100, 700), (3, 300000)], ids=str)
def test_threads(op, kernel, count, shape):
    beside.check_threads(op, kernel, inputs(shape, 1)[:count], params(shape, 1))


@both
def test_layouts(op, kernel, count):
    x, weight, bias = inputs((6, 8, 9, 8), 2)
    for view in (x.swapaxes(0, 1), x[::2, ::-1], x.swapaxes(2, 3)):
        last = view.shape[2:]
        given = (view, weight.reshape(last)[::-1, ::-1], bias.reshape(last[::-1]).T)
        beside.compare(op, kernel, given[:count], params(view.shape, 2))


@both
def test_takes_float32_with_values(op, kernel, count):
    x, weight, bias = inputs((4, 6), 1)
    rest = (weight, bias)[: count - 1]
    assert not kernel.supports(x, *rest, **params((4, 6), 1))
    assert not kernel.supports(x.astype("f2"), *rest, **params((4, 6), 1))
    assert not kernel.supports(x.astype("f4")[:0], *rest, **params((4, 6), 1))


def test_rms_norm_leaves_other_weights_and_knows_its_eps():
    x, weight, _ = inputs((4, 6), 1)
    assert not RMS.supports(x.astype("f4"), weight, normalized_shape=(6,))
    assert not RMS.supports(x.astype("f4"), weight.astype("f2"), normalized_shape=(6,))
    y, _ = RMS.forward(np.full((1, 4), 1e-4, "f4"), None, normalized_shape=(4,), eps=None)
    np.testing.assert_allclose(y, 1e-4 / math.sqrt(1e-8 + 2.0**-23), rtol=1e-6)
