"""adaptive_max_pool.cu: values and places equal the reference's; the gradient is a gather."""

from __future__ import annotations

import numpy as np
import pytest

SIZES = [(3, 4), (7, 7), (30, 2), (None, 5), (2, 1), 25]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_ties_nan_and_infinities(size, compare, blocks):
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(2, 3, 13, 22)).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    x[rng.random(x.shape) < 0.2] = -np.inf
    compare("adaptive_max_pool", x, tolerance=1e-6, output_size=size)
    assert compare.launched == {"adaptive_max_pool_forward", "adaptive_max_pool_backward"}


@pytest.mark.parametrize("size", [(13, 22), (7, 7), (1, 1), (1, 33)], ids=str)
def test_one_window_for_a_plane(size, compare, blocks):
    """Lanes have found bests of their own: the first of equals wins, the last of NaNs, and the
    first pixel where there is −∞ alone."""
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(7, 9, *size)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = -np.inf
    x[1] = -np.inf
    x[2][rng.random(x[2].shape) < 0.02] = np.nan
    x[3][rng.random(x[3].shape) < 0.5] = np.nan
    x[4] = np.nan
    compare("adaptive_max_pool", x, tolerance=1e-6, output_size=1)
    assert compare.launched == {"plane_max", "adaptive_max_pool_backward"}


def test_lines(compare, draw, blocks):
    compare("adaptive_max_pool", draw(2, 3, 301), tolerance=1e-6, output_size=17)


def test_adjoint(compare, draw):
    """⟨y, gy⟩ = ⟨x, gx⟩: y is linear in x as long as the winners stay."""
    x = draw(2, 2, 11, 9)
    y, _, gx = compare("adaptive_max_pool", x, output_size=(4, 5))
    gy = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    assert abs(np.sum(y.astype(float) * gy) - np.sum(x.astype(float) * gx)) < 1e-4
