"""The numba resample, by way of interpolate, against the reference in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.resize.interpolate import OP
from minitorch_cv.ops.resize.resample import OP as RESAMPLE
from minitorch_cv.ops.resize.taps import taps_of

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.resize.resample")

CASES = [{"mode": "nearest"}, {"mode": "nearest-exact"}] + [
    {"mode": m, "align_corners": a, "antialias": s}
    for m, a, s in itertools.product(("bilinear", "bicubic"), (False, True), (False, True))
]
SIZES = [(34, 52), (9, 13), (40, 11), (17, 30), (50, 26), (1, 1)]


def image():
    return np.random.default_rng(0).normal(size=(3, 5, 17, 26)).astype(np.float32)


def compare(x, **params):
    y, saved = OP.run((x,), params)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    (gx,) = OP.differentiate(gy, saved, (True,))
    with use_kernels("reference"):
        # float32, so that nearest and floor choose the same elements; summed up in float64
        want = RESAMPLE.forward(x.astype(np.float64), taps=saved.taps)[0]
        back = RESAMPLE.backward(gy.astype(np.float64), saved, (True,))[0]
    for got, expected in ((y, want), (gx, back)):
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        sound = np.isfinite(expected)
        assert abs(got[sound] - expected[sound]).max() <= 1e-5 * abs(expected[sound]).max()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("params", CASES, ids=str)
def test_equals_the_reference(params, size, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    compare(image(), size=size, **params)


def test_lines_and_volumes():
    x = image()
    compare(x[:, :, 3], size=(50,), mode="linear")
    compare(x[:, :, 3], size=(7,), mode="nearest")
    compare(x[None, :, :, :4], size=(9, 3, 40), mode="trilinear")
    compare(x[None, :, :, :4], size=(9, 4, 26), mode="trilinear")
    compare(x[None, :, :, :4], size=(2, 6, 26), mode="nearest")


def test_layouts():
    x = image()
    for other in (x.swapaxes(2, 3), x[:, ::2, ::-1, ::3], x.transpose(1, 0, 2, 3)):
        compare(other, size=(20, 31), mode="bilinear")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_tap_that_is_not_there_spreads_no_nan(value):
    x = image()
    x[0, 0, 5, 5] = x[1, 1, 0, 0] = value
    for params in CASES[1:4]:
        compare(x, size=(23, 29), **params)


def test_nothing_to_do_is_a_copy():
    x = image()
    y, _ = kernel.forward(x, taps=(None, None))
    assert y is not x and not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, y)


def test_takes_float32_that_is_not_empty():
    table = taps_of("linear", 26, 7, None, False, False, "float32")
    assert kernel.supports(image(), taps=(table,))
    assert not kernel.supports(image()[:0], taps=(table,))
    assert not kernel.supports(image().astype(np.float64), taps=(table,))
