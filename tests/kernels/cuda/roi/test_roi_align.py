"""roi_align.cu: shares equal the reference's bit for bit; y and gx against float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

RNG = np.random.default_rng(2)
# Images that fill no tile, more channels than a thread has, more boxes than a warp looks at.
CASES = [((2, 3, 13, 21), 40, (7, 7), 1.0), ((3, 9, 9, 8), 70, (2, 5), 1 / 16),
         ((1, 17, 4, 33), 33, (6, 6), 0.5)]  # fmt: skip
KINDS = list(itertools.product((-1, 1, 2), (False, True)))


@pytest.mark.parametrize("ratio, aligned", KINDS)
@pytest.mark.parametrize("shape, R, bins, scale", CASES, ids=str)
def test_random_boxes(
    shape, R, bins, scale, ratio, aligned, in_float32, compare, boxes, draw, blocks
):
    N, _, H, W = shape
    index, x = RNG.integers(N, size=R), draw(*shape)
    params = {"output_size": bins, "spatial_scale": scale, "sampling_ratio": ratio,
              "aligned": aligned}  # fmt: skip
    (y, want), (rows, shares), (gx, gradient) = in_float32(
        "roi_align", x, boxes(R, H / scale, W / scale), index, **params
    )
    np.testing.assert_array_equal(rows, shares)
    np.testing.assert_allclose(y, want, atol=1e-5)
    np.testing.assert_allclose(gx, gradient, atol=1e-5)
    assert in_float32.launched == {"roi_align_shares", "roi_align_forward", "roi_align_backward"}
    compare("roi_align", x, boxes(R, H / scale, W / scale, False), index, **params, tolerance=2e-5)


@pytest.mark.parametrize("ratio, aligned", KINDS)
def test_corners_on_pixels_and_on_the_edges(ratio, aligned, in_float32, draw):
    """Samples at −1, 0 and H exactly, whole widths, turned boxes."""
    corners = RNG.integers(-12, 40, (200, 4)).astype(np.float32) / 2
    index = np.zeros(200, np.int64)
    params = {"output_size": (3, 4), "sampling_ratio": ratio, "aligned": aligned}
    (y, want), (rows, shares), (gx, gradient) = in_float32(
        "roi_align", draw(1, 2, 10, 12), corners, index, **params
    )
    np.testing.assert_array_equal(rows, shares)
    np.testing.assert_allclose(y, want, atol=1e-5)
    np.testing.assert_allclose(gx, gradient, atol=1e-4)


def test_infinities_and_numbers_that_are_none(in_float32, boxes, draw):
    """They come through where they count, and not from beside a bin."""
    x = draw(2, 3, 11, 10)
    x[RNG.random(x.shape) < 0.02] = np.nan
    x[RNG.random(x.shape) < 0.02] = np.inf
    x[RNG.random(x.shape) < 0.02] = -np.inf
    index = RNG.integers(2, size=30)
    for ratio, bins in ((-1, 4), (1, 4), (2, 1)):  # two samples of a large bin lie far apart
        (y, want), _, _ = in_float32(
            "roi_align", x, boxes(30, 11, 10), index, output_size=bins, sampling_ratio=ratio
        )
        np.testing.assert_allclose(y, want, atol=1e-5)


def test_adjoint(in_float32, boxes, draw):
    """⟨A x, g⟩ = ⟨x, Aᵀ g⟩, without a reference."""
    x = draw(2, 3, 12, 15)
    (y, _), _, (gx, _) = in_float32(
        "roi_align", x, boxes(40, 12, 15), RNG.integers(2, size=40), output_size=5, aligned=True
    )
    g = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    left, right = np.sum(y.astype(float) * g), np.sum(x.astype(float) * gx)
    assert abs(left - right) < 1e-4 * max(1.0, abs(left))
