"""The numba group_norm beside the reference in float64, on shapes larger than the op's samples."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.ops.norm.group_norm import OP

sys.path.insert(0, str(Path(__file__).resolve().parent))

import beside_float64 as beside  # noqa: E402

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.norm.group_norm")

# (shape, groups): planes and short planes, one group, a group for each channel, one sample
CASES = [
    ((3, 6, 13, 11), 2), ((2, 6, 13, 11), 1), ((3, 5, 9, 9), 5), ((1, 8, 40, 41), 4),
    ((7, 12, 3, 5), 3), ((40, 6, 2, 2), 1), ((3, 6, 4), 6), ((5, 96), 32), ((3, 4, 39), 2),
    ((3, 4, 40), 2), ((2, 4, 3, 4, 5), 2), ((70, 6, 3), 2),
]  # fmt: skip


def inputs(shape, mean=0.5, deviation=2.0):
    rng = np.random.default_rng(0)
    C = shape[1]
    return rng.normal(mean, deviation, shape), rng.normal(1, 0.5, C), rng.normal(size=C)


def params(groups, eps=1e-5):
    return {"num_groups": groups, "eps": eps}


@pytest.mark.parametrize("shape, groups", CASES, ids=str)
def test_equals_float64(shape, groups):
    x, weight, bias = inputs(shape)
    beside.compare(OP, kernel, (x, weight, bias), params(groups))
    beside.compare(OP, kernel, (x, None, bias), params(groups, 0.1))
    beside.compare(OP, kernel, (x, weight, None), params(groups))


@pytest.mark.parametrize("mean, deviation", [(100, 1), (-30000, 1), (1e-6, 1e-6), (1e15, 1e14)])
@pytest.mark.parametrize("shape", [(4, 6, 14, 14), (9, 30, 4)], ids=str)
def test_means_far_from_zero(shape, mean, deviation):
    beside.compare(OP, kernel, inputs(shape, mean, deviation), params(3))


@pytest.mark.parametrize("value", [0.0, 1.7, 123456792.0])
@pytest.mark.parametrize("shape", [(2, 6, 30, 31), (2, 140, 5)], ids=str)
def test_a_constant_has_no_variance(shape, value):
    x, bias = np.full(shape, value, np.float32), np.ones(shape[1], np.float32)
    (y, mean, var), _ = kernel.forward(x, None, bias, **params(2))
    np.testing.assert_array_equal(y, 1)
    np.testing.assert_array_equal(mean, np.float32(value))
    np.testing.assert_array_equal(var, 0)


@pytest.mark.parametrize("shape, groups", [((3, 6, 9, 7), 2), ((4, 6, 3), 3)], ids=str)
def test_needs_and_not_finite(shape, groups):
    beside.check_needs(OP, kernel, inputs(shape), params(groups))
    rest = (0,) * (len(shape) - 2)
    places = [(0, 0, *rest), (1, 2, *rest), (2, 5, *(2 for _ in rest))]
    beside.check_not_finite(OP, kernel, inputs(shape), params(groups), places)


@pytest.mark.parametrize("shape, groups", [
    ((6, 33, 60, 50), 1), ((6, 34, 60, 50), 17), ((700, 90, 2, 5), 1), ((700, 90, 2, 5), 9),
    ((1, 2, 700, 500), 1),
], ids=str)  # fmt: skip
def test_threads(shape, groups):
    beside.check_threads(OP, kernel, inputs(shape), params(groups))


def test_layouts():
    x, weight, bias = inputs((6, 8, 9, 8))
    for view in (x.swapaxes(2, 3), x[:, ::2, ::-1, 1:], x.transpose(2, 1, 0, 3)):
        C = view.shape[1]
        beside.compare(OP, kernel, (view, weight[:C][::-1], bias[:C]), params(2))


def test_takes_float32_with_values():
    x, weight, bias = inputs((4, 4, 2))
    assert not kernel.supports(x, weight, bias, **params(2))
    assert not kernel.supports(x.astype("f2"), weight, bias, **params(2))
    assert not kernel.supports(x.astype("f4")[:0], weight, bias, **params(2))
