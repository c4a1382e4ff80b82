"""max_pool.cu: values and places equal the reference's bit for bit; the gradient is a gather."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import planes

GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": c}
    for k, s, p, d, c in itertools.product(
        (2, (3, 4)), (None, (1, 3)), (0, 1), (1, (2, 1)), (False, True)
    )
]


@pytest.mark.parametrize("params", GRID, ids=str)
def test_ties_nan_and_infinities(params, compare):
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(2, 3, 17, 14)).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    x[rng.random(x.shape) < 0.2] = -np.inf
    compare("max_pool", x, tolerance=1e-6, **params)
    assert compare.launched == {"max_pool_forward", "max_pool_backward"}


@pytest.mark.parametrize("window", [
    (2, 2, 0), (2, 1, 1), (3, 2, 1), (3, 1, 1), (3, 3, 0), (3, 4, 1), (5, 1, 2), (5, 2, 2),
    (4, 2, 1), (7, 2, 3), (6, 5, 3),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("enough", [1, planes.ENOUGH], ids=["planes in turn", "planes at once"])
def test_squares(window, enough, compare, monkeypatch):
    """The sizes that have bodies of their own, and others; all three: −∞ alone, ties, NaN."""
    monkeypatch.setattr(planes, "ENOUGH", enough)
    rng, (k, s, p) = np.random.default_rng(0), window
    for ceil_mode, size in ((False, (18, 21)), (True, (15, 16)), (False, (7, 9))):
        x = rng.integers(-2, 3, size=(2, 3, *size)).astype(np.float32)
        x[rng.random(x.shape) < 0.03] = np.nan
        x[:, :, 3:, :4] = -np.inf
        params = {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil_mode}
        compare("max_pool", x, tolerance=1e-6, **params)


@pytest.mark.parametrize("params", [
    {"kernel_size": 3, "stride": 2, "padding": 1}, {"kernel_size": 13, "stride": 4, "padding": 6},
    {"kernel_size": 1, "stride": 3}, {"kernel_size": 2},
], ids=str)  # fmt: skip
def test_images_larger_than_a_block(params, compare, draw, blocks):
    compare("max_pool", draw(1, 2, 29, 33), tolerance=1e-6, **params)
    compare("max_pool", draw(1, 2, 600), tolerance=1e-6, **params)


def test_adjoint(compare, draw):
    """⟨y, gy⟩ = ⟨x, gx⟩: y is linear in x as long as the winners stay."""
    x = draw(2, 2, 11, 9)
    y, _, gx = compare("max_pool", x, kernel_size=3, stride=2, padding=1)
    gy = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    assert abs(np.sum(y.astype(float) * gy) - np.sum(x.astype(float) * gx)) < 1e-4
