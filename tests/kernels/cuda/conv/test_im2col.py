"""im2col.cu over many windows: values, the adjoint, shapes that do not fill a block."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.conv import im2col

from minitorch_cv.testing.cuda_emulator import Emulated

RNG = np.random.default_rng(7)


def windows(n):
    """Random odd ones that fit."""
    found = []
    while len(found) < n:
        H, W = (int(v) for v in RNG.integers(1, 24, 2))
        K, S, P, D = (tuple(int(v) for v in RNG.integers(low, high, 2))
                      for low, high in ((1, 5), (1, 4), (0, 4), (1, 4)))  # fmt: skip
        if all(d * (k - 1) < size + 2 * p for size, k, p, d in zip((H, W), K, P, D, strict=True)):
            found.append((int(RNG.integers(1, 6)), (H, W), (K, S, P, D)))
    return found


@pytest.mark.parametrize("planes, size, window", windows(12), ids=str)
def test_random_windows(planes, size, window, compare, draw, blocks):
    names = ("kernel_size", "stride", "padding", "dilation")
    params = dict(zip(names, window, strict=True))
    (cols, _) = compare("im2col", draw(1, planes, *size), tolerance=1e-6, **params)
    compare("col2im", draw(*cols.shape), tolerance=1e-6, output_size=size, **params)
    assert compare.launched == {"im2col", "col2im"}


@pytest.mark.parametrize("planes, size, window", windows(6), ids=str)
def test_adjoint(planes, size, window, order, draw):
    """⟨im2col x, c⟩ = ⟨x, col2im c⟩, without a reference."""
    view = im2col._Windows(size, window)
    (H, W), L = size, int(np.prod(view.counts))
    x, c = draw(planes, H, W), draw(planes, int(np.prod(window[0])), L)
    cols, image = np.full(c.shape, np.nan, "f"), np.full(x.shape, np.nan, "f")
    kernels = Emulated(im2col.KERNELS)
    kernels.launch("im2col", (2, 1), 64, (x, cols, planes, *view.numbers), order=order)
    kernels.launch("col2im", (1, 2), 96, (c, image, planes, *view.numbers), order=order)
    left = np.sum(cols.astype(np.float64) * c)
    assert abs(left - np.sum(x.astype(np.float64) * image)) < 1e-5 * max(1.0, abs(left))


def test_many_planes(compare, draw, monkeypatch):
    """More planes than there may be blocks along y."""
    monkeypatch.setattr(im2col, "MOST_PLANES", 3)
    compare("im2col", draw(2, 5, 7, 6), kernel_size=3, padding=1, tolerance=1e-6)


def test_more_pixels_than_threads(compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    (cols, _) = compare("im2col", draw(1, 2, 23, 29), kernel_size=2, tolerance=1e-6)
    compare("col2im", draw(*cols.shape), output_size=(23, 29), kernel_size=2, tolerance=1e-6)


def test_nan_and_infinities_stay_where_they_are(compare, draw):
    x = draw(2, 3, 5, 6)
    x[0, 1, 2, 3], x[1, 0, 0, 0], x[1, 2, 4, 5] = np.nan, np.inf, -np.inf
    compare("im2col", x, kernel_size=2, padding=1, stride=2)
