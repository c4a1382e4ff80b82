"""The numba batch_norm beside the reference in float64, on shapes larger than the op's samples."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.ops.norm.batch_norm import OP

sys.path.insert(0, str(Path(__file__).resolve().parent))

import beside_float64 as beside  # noqa: E402

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.norm.batch_norm")

# planes, columns, and what lies on both sides of the border; one image; lines and volumes
SHAPES = [
    (5, 7, 13, 11), (3, 300, 9, 5), (2, 1, 70, 41), (1, 3, 8, 8), (9, 130, 3, 3), (6, 5, 2, 2),
    (4, 3, 39), (4, 3, 40), (37, 517), (2, 3), (130, 2, 6, 7), (3, 2, 3, 4, 5), (1030, 4, 8, 8),
]  # fmt: skip
TRAIN = {"training": True, "eps": 1e-5}
EVALUATE = {"training": False, "eps": 1e-3}


@pytest.fixture(params=["channels", "images"], autouse=True)
def way(request, monkeypatch):
    """By channels, and by images, whatever the size."""
    first, last = (0, sys.maxsize) if request.param == "images" else (sys.maxsize, 0)
    monkeypatch.setattr(kernel, "BY_IMAGES", first)
    monkeypatch.setattr(kernel, "BY_IMAGES_BACK", last)


def inputs(shape, mean=0.5, deviation=2.0):
    rng = np.random.default_rng(0)
    C = shape[1]
    return (
        rng.normal(mean, deviation, shape), rng.normal(1, 0.5, C), rng.normal(size=C),
        rng.normal(mean, deviation, C), rng.uniform(0.5, 2, C) * deviation**2,
    )  # fmt: skip


@pytest.mark.parametrize("params", [TRAIN, EVALUATE], ids=["training", "evaluation"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_float64(shape, params):
    x, weight, bias, mean, var = inputs(shape)
    beside.compare(OP, kernel, (x, weight, bias, mean, var), params)
    beside.compare(OP, kernel, (x, None, bias, mean, var), params)
    beside.compare(OP, kernel, (x, weight, None, mean, var), params)


@pytest.mark.parametrize("mean, deviation", [(100, 1), (-30000, 1), (1e-6, 1e-6), (1e15, 1e14)])
@pytest.mark.parametrize("shape", [(8, 6, 14, 14), (40, 33), (16, 5, 3, 3)], ids=str)
def test_means_far_from_zero(shape, mean, deviation):
    """Where the mean is thousands of deviations away, the reference's own float32 fails this."""
    beside.compare(OP, kernel, inputs(shape, mean, deviation), TRAIN)


@pytest.mark.parametrize("value", [0.0, 1.7, 123456792.0])
@pytest.mark.parametrize("shape", [(9, 2, 30, 31), (701, 5)], ids=str)
def test_a_constant_has_no_variance(shape, value):
    C = shape[1]
    x = np.full(shape, value, np.float32)
    (y, mean, var), _ = kernel.forward(x, None, np.ones(C, "f4"), None, None, **TRAIN)
    np.testing.assert_array_equal(y, 1)
    np.testing.assert_array_equal(mean, np.float32(value))
    np.testing.assert_array_equal(var, 0)


@pytest.mark.parametrize("params", [TRAIN, EVALUATE], ids=["training", "evaluation"])
@pytest.mark.parametrize("shape", [(4, 5, 12, 9), (21, 30), (3, 4, 3, 3)], ids=str)
def test_parts_and_threads(shape, params):
    beside.check_needs(OP, kernel, inputs(shape), params)


@pytest.mark.parametrize("params", [TRAIN, EVALUATE], ids=["training", "evaluation"])
@pytest.mark.parametrize("shape", [(8, 33, 50, 50), (600, 1100), (2, 1, 1000, 400)], ids=str)
def test_threads(shape, params):
    beside.check_threads(OP, kernel, inputs(shape), params)


@pytest.mark.parametrize("params", [TRAIN, EVALUATE], ids=["training", "evaluation"])
@pytest.mark.parametrize("shape", [(3, 4, 7, 7), (6, 5)], ids=str)
def test_not_finite(shape, params):
    rest = (0,) * (len(shape) - 2)
    places = [(0, 0, *rest), (2, 1, *rest), (2, 3, *(2 for _ in rest))]
    beside.check_not_finite(OP, kernel, inputs(shape), params, places)


@pytest.mark.parametrize("params", [TRAIN, EVALUATE], ids=["training", "evaluation"])
def test_layouts(params):
    x, weight, bias, mean, var = inputs((6, 10, 9, 8))
    for view in (x.swapaxes(2, 3), x[:, ::2, ::-1, 1:], x.transpose(2, 1, 0, 3)):
        C = view.shape[1]
        given = (view.astype("f4", order="K"), weight[:C][::-1], bias[:C], mean[:C], var[:C])
        assert not given[0].flags.c_contiguous or view is not x
        beside.compare(OP, kernel, given, params)


def test_takes_float32_with_values():
    x, *rest = inputs((4, 3, 2))
    assert not kernel.supports(x, *rest, **TRAIN)
    assert not kernel.supports(x.astype("f2"), *rest, **TRAIN)
    assert not kernel.supports(x.astype("f4")[:0], *rest, **TRAIN)
    assert not kernel.supports(x.astype("f4")[..., :0], *rest, **TRAIN)
