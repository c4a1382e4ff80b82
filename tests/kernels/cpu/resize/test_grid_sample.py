"""The numba grid_sample against the reference in float64, on more points than a block holds."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.resize.grid_sample import OP

pytest.importorskip("numba")
kernel = pytest.importorskip("minitorch_cv.kernels.cpu.resize.grid_sample")

PADDINGS = ("zeros", "border", "reflection")


def inputs(spread=1.4):
    """Images, and places in eighths of a pixel, which float32 holds without rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 16, 32)).astype(np.float32)
    u = rng.integers(-int(spread * 128), int(spread * 128), (2, 19, 29, 2)) / 128 + 1 / 1024
    return x, u.astype(np.float32)


def compare(x, grid, padding, align):
    named = {"mode": "bilinear", "padding_mode": padding, "align_corners": align}
    assert kernel.supports(x, grid, **named)
    y, fields = kernel.forward(x, grid, **named)
    gy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    with use_kernels("reference"):
        want, saved = OP.run((x.astype(np.float64), grid.astype(np.float64)), named)
        wanted = OP.differentiate(gy.astype(np.float64), saved, (True, True))
        narrow = OP.run((x, grid), named)[1]
    ours = OP.saved(*fields)
    for k in (0, 1):
        np.testing.assert_array_equal(ours.first[k], narrow.first[k])
        np.testing.assert_array_equal(ours.slopes[k], narrow.slopes[k])
    gx, ggrid = kernel.backward(gy, ours, (True, True))
    for got, expected in ((y, want), (gx, wanted[0]), (ggrid, wanted[1])):
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        sound = np.isfinite(expected)
        assert abs(got[sound] - expected[sound]).max() <= 2e-5 * abs(expected[sound]).max()
    assert kernel.backward(gy, ours, (False, False)) == (None, None)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", PADDINGS)
def test_equals_the_reference(padding, align, threads, monkeypatch):
    monkeypatch.setattr(kernel, "worth", lambda flops: threads)
    compare(*inputs(), padding, align)
    compare(*inputs(0.9), padding, align)  # all inside
    x, grid = inputs(3.5)
    compare(x[:, :, ::-1, ::2], grid.swapaxes(1, 2), padding, align)


@pytest.mark.parametrize("padding", PADDINGS)
def test_images_of_one_pixel(padding):
    x, grid = inputs()
    for align in (False, True):
        compare(x[:, :, :1, :1], grid, padding, align)
        compare(x[:, :, :1], grid, padding, align)


@pytest.mark.parametrize("padding", PADDINGS)
def test_nan_and_infinity(padding):
    x, grid = inputs()
    x[0, 0, 3, 4], x[1, 2, 15, 31] = np.nan, np.inf
    grid[0, 3, 4, 0], grid[1, 5, 5, 1], grid[1, 6, 6, 0] = np.nan, np.inf, -np.inf
    compare(x, grid, padding, False)


def test_leaves_the_rest_to_the_reference():
    x, grid = inputs()
    named = {"padding_mode": "zeros", "align_corners": False}
    assert not kernel.supports(x, grid, mode="bicubic", **named)
    assert not kernel.supports(x, grid, mode="nearest", **named)
    assert not kernel.supports(x[:0], grid[:0], mode="bilinear", **named)
    assert not kernel.supports(x.astype("f8"), grid.astype("f8"), mode="bilinear", **named)
