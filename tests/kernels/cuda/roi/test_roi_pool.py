"""roi_pool.cu: values and places equal the reference's bit for bit; the gradient is a gather."""

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.default_rng(2)
# Images that fill no tile, more channels than a thread has, more boxes than a warp looks at.
CASES = [((2, 3, 13, 21), 40, (7, 7), 1.0), ((3, 9, 9, 8), 70, (2, 5), 1 / 16),
         ((1, 17, 4, 33), 33, (6, 6), 0.5)]  # fmt: skip


@pytest.mark.parametrize("shape, R, bins, scale", CASES, ids=str)
def test_random_boxes(shape, R, bins, scale, in_float32, boxes, draw, blocks):
    N, _, H, W = shape
    index = RNG.integers(N, size=R)
    (y, want), (places, there), (gx, gradient) = in_float32(
        "roi_pool", draw(*shape), boxes(R, H / scale, W / scale), index, output_size=bins,
        spatial_scale=scale,
    )  # fmt: skip
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(places, there)
    np.testing.assert_allclose(gx, gradient, atol=1e-5)
    assert in_float32.launched == {"roi_pool_spans", "roi_pool_forward", "roi_pool_backward"}


def test_halves_thirds_and_corners_on_pixels(in_float32, draw):
    """Where the rounding of a bin's edge decides."""
    corners = RNG.integers(-6, 60, (200, 4)).astype(np.float32) / 4
    for bins in (3, 7):
        for scale in (1.0, 1 / 3):
            (y, want), (places, there), _ = in_float32(
                "roi_pool", draw(1, 1, 16, 16), corners, np.zeros(200, np.int64),
                output_size=bins, spatial_scale=scale,
            )  # fmt: skip
            np.testing.assert_array_equal(places, there)
            np.testing.assert_array_equal(y, want)


def test_ties_nan_and_infinities(in_float32, boxes):
    x = RNG.integers(-2, 3, (2, 3, 11, 10)).astype(np.float32)
    x[RNG.random(x.shape) < 0.03] = np.nan
    x[RNG.random(x.shape) < 0.2] = -np.inf
    (y, want), (places, there), (gx, gradient) = in_float32(
        "roi_pool", x, boxes(30, 11, 10), RNG.integers(2, size=30), output_size=4
    )
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(places, there)
    np.testing.assert_allclose(gx, gradient, atol=1e-5)


def test_against_float64(compare, boxes, draw):
    compare("roi_pool", draw(2, 4, 12, 15), boxes(25, 12, 15, False), RNG.integers(2, size=25),
            output_size=(3, 4))  # fmt: skip


def test_adjoint(in_float32, boxes, draw):
    """⟨y, gy⟩ = ⟨x, gx⟩: y is linear in x as long as the winners stay."""
    x = draw(2, 3, 12, 15)
    (y, _), _, (gx, _) = in_float32(
        "roi_pool", x, boxes(40, 12, 15), RNG.integers(2, size=40), output_size=5
    )
    gy = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    assert abs(np.sum(y.astype(float) * gy) - np.sum(x.astype(float) * gx)) < 1e-3
