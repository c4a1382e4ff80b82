"""grid_sample.cu: places in and far outside of images, on pixels' centres and edges, no places."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.cuda_emulator import emulated_cuda

OP = op_named("grid_sample")
KINDS = [
    {"mode": m, "padding_mode": p, "align_corners": a}
    for m, p, a in itertools.product(
        ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (False, True)
    )
]


def both(order, x, grid, params, gy=None):
    """(kernel's, reference's) output and what is saved of places, all in float32."""
    with use_kernels("reference"):
        y, saved = OP.run((x, grid), params)
    want = (y, *saved.first, *saved.slopes)
    device = emulated_cuda(order)
    with device:
        y, saved = OP.run([device.library.from_numpy(a) for a in (x, grid)], params)
        got = [a.get() for a in (y, *saved.first, *saved.slopes)]
    assert device.device.launched == [("resize/grid_sample.cu", f"grid_sample_{params['mode']}")]
    return got, want


@pytest.mark.parametrize("params", KINDS, ids=lambda p: "-".join(map(str, p.values())))
def test_the_same_pixels_are_chosen(params, order, draw, blocks):
    x = draw(2, 5, 13, 17)
    grid = draw(2, 21, 15, 2) * 2
    grid[0, :4] = np.random.default_rng(1).integers(-9, 10, (4, 15, 2)) / np.float32(4)
    grid[1, 0, :7] = [[1, -1], [-1, 1], [0, 0], [1e9, 0], [-1e20, 3e38], [2, 2], [-7, 0.5]]
    got, want = both(order, x, grid, params)
    for a, b in zip(got[1:], want[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(got[0], want[0], atol=2e-6 if params["mode"] != "nearest" else 0)


@pytest.mark.parametrize("params", KINDS, ids=lambda p: "-".join(map(str, p.values())))
def test_places_that_are_none_and_pixels_that_are_no_numbers(params, order, draw):
    x, grid = draw(1, 3, 6, 5), draw(1, 4, 5, 2)
    grid[0, 0, 0, 0], grid[0, 1, 1, 1], grid[0, 2, 2, 0], grid[0, 3, 3] = (
        np.nan, np.inf, -np.inf, np.nan,
    )  # fmt: skip
    x[0, 0, 2, 2], x[0, 1, 0, 0], x[0, 2, 5, 4] = np.nan, np.inf, -np.inf
    got, want = both(order, x, grid, params)
    np.testing.assert_array_equal(got[1], want[1])
    np.testing.assert_allclose(got[0], want[0], atol=2e-6)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_gradients_follow_from_what_is_saved(mode, compare, draw):
    """They take the reference path, against float64."""
    x, grid = draw(2, 3, 9, 8), np.clip(draw(2, 7, 6, 2), -0.95, 0.95)
    params = {"mode": mode, "padding_mode": "zeros", "align_corners": True}
    compare("grid_sample", x, grid, tolerance=5e-5, **params)
    assert {name for name in compare.launched if "scatter" not in name} == {f"grid_sample_{mode}"}


def test_volumes_take_the_reference_path(compare, draw):
    params = {"mode": "nearest", "padding_mode": "border", "align_corners": False}
    compare("grid_sample", draw(1, 2, 3, 4, 5), draw(1, 2, 2, 2, 3), **params)
    assert all("scatter_add" in name for name in compare.launched)
