"""More planes and channels than blocks along y: loops over the grid go round."""

from __future__ import annotations

import pytest
from minitorch_cv.kernels.cuda import launch, planes

from minitorch_cv.ops.resize.taps import taps_of


@pytest.fixture
def one_block(monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    monkeypatch.setattr(planes, "MOST_PLANES", 2)


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_resample(kind, compare, draw, one_block):
    sizes = ((11, 40), (13, 21))  # (old, new) of each axis
    taps = tuple(taps_of(kind, old, new, None, False, False, "float32") for old, new in sizes)
    compare("resample", draw(1, 5, 11, 13), taps=taps)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_grid_sample(mode, compare, draw, one_block):
    params = {"mode": mode, "padding_mode": "border", "align_corners": False}
    compare("grid_sample", draw(1, 5, 9, 8), draw(1, 23, 15, 2), tolerance=5e-5, **params)
