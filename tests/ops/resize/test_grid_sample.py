"""grid_sample: known answers at places that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.resize.grid_sample import OP

X = np.array([[[[1.0, 2, 3, 4]] * 2]])  # 2 × 4, the same in both rows


def at(places, mode="bilinear", padding="zeros", align=True, x=X):
    """The values at places along the width, in the middle of the height."""
    grid = np.stack([np.array(places, float), np.zeros(len(places))], axis=-1)[None, None]
    return OP(x, grid, mode=mode, padding_mode=padding, align_corners=align)[0, 0, 0]


def test_corners_and_edges():
    np.testing.assert_allclose(at([-1, 1, 0]), [1, 4, 2.5])
    np.testing.assert_allclose(at([-0.75, 0.75, 0], align=False), [1, 4, 2.5])
    np.testing.assert_allclose(at([-1, 1], align=False), [0.5, 2])  # half of it is outside


@pytest.mark.parametrize(
    ("padding", "align", "want"),
    [("zeros", True, 0), ("border", True, 4), ("reflection", True, 2), ("reflection", False, 2)],
)
def test_outside(padding, align, want):
    """Beyond the last pixel, at 3: 5 mirrored at its centre is 1, and 6 at its edge, 3½, is 1."""
    u = 5 if align else 6
    g = 2 * u / 3 - 1 if align else (2 * u + 1) / 4 - 1
    np.testing.assert_allclose(at([g], padding=padding, align=align), [want], atol=1e-12)


def test_nearest_takes_halves_to_the_even_number():
    x = np.array([[[[1.0, 2, 3, 4]]]])
    places = [(2 * u + 1) / 4 - 1 for u in (0.5, 1.5, 2.5)]
    np.testing.assert_array_equal(at(places, "nearest", align=False, x=x), [1, 3, 3])


def test_the_width_comes_first_in_the_grid():
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    grid = np.array([[[[1.0, -1.0]]]])  # right, top
    y = OP(x, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    np.testing.assert_array_equal(y, [[[[2.0]]]])


def test_no_slope_where_the_place_was_moved_to_the_border():
    grid = np.array([[[[1.0, 0.0], [1.5, 0.0], [0.5, 0.0]]]])
    params = {"mode": "bilinear", "padding_mode": "border", "align_corners": True}
    y, saved = OP.run((X, grid), params)
    _, ggrid = OP.differentiate(np.ones_like(y), saved, (True, True))
    np.testing.assert_allclose(ggrid[0, 0, :, 0], [0, 0, 1.5])  # 1 for each pixel, 3/2 pixels


def test_far_away_is_outside():
    """Beyond what an int64 holds, too."""
    for place in (1e30, -1e30):
        for mode in ("bilinear", "nearest", "bicubic"):
            np.testing.assert_array_equal(at([place], mode), [0])
            assert at([place], mode, "border")[0] in (1, 4)


def test_nan_is_nowhere():
    x = np.ones((1, 1, 2, 2))
    for mode, want in (("bilinear", np.nan), ("nearest", 0), ("bicubic", np.nan)):
        grid = np.full((1, 1, 1, 2), np.nan)
        y = OP(x, grid, mode=mode, padding_mode="zeros", align_corners=False)
        np.testing.assert_array_equal(y, [[[[want]]]])
