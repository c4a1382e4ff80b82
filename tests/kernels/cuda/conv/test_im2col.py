"""im2col.cu over many windows: values, the adjoint, shapes that do not fill a block."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import launch, planes
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


# kernel_size, stride, padding, dilation: the sizes that have bodies of their own, and dilation with
# steps that share a factor with it, or do not.
KNOWN = [
    (1, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (3, 4, 2, 1), (5, 1, 2, 1), (7, 2, 3, 1),
    (2, 2, 0, 1), (4, 2, 1, 1), (3, 1, 2, 2), (3, 2, 3, 3), (5, 4, 5, 6), (2, 6, 4, 4),
    (9, 1, 4, 1),
]  # fmt: skip


@pytest.mark.parametrize("window", KNOWN, ids=str)
@pytest.mark.parametrize("enough", [1, planes.ENOUGH], ids=["planes in turn", "planes at once"])
def test_known_windows(window, enough, compare, draw, monkeypatch):
    monkeypatch.setattr(planes, "ENOUGH", enough)
    names = ("kernel_size", "stride", "padding", "dilation")
    params = dict(zip(names, window, strict=True))
    for size in ((29, 26), (30,)):
        (cols, _) = compare("im2col", draw(2, 3, *size), tolerance=1e-6, **params)
        compare("col2im", draw(*cols.shape), tolerance=1e-6, output_size=size, **params)


@pytest.mark.parametrize("window", KNOWN, ids=str)
def test_the_sum_has_one_order(window, order):
    """That of the windows, row by row, bit for bit; NaN, ±∞ and −0 as they add up."""
    kernel, step, pad, gap = ((n, n) for n in window)
    view = im2col._Windows((28, 27), (kernel, step, pad, gap))
    rng, (K, S, P, D) = np.random.default_rng(0), window
    cols = rng.normal(size=(2, K, K, *view.counts)).astype(np.float32)
    cols[rng.random(cols.shape) < 0.2] = -0.0
    for bad in (np.nan, np.inf, -np.inf):
        cols[rng.random(cols.shape) < 0.003] = bad
    padded = np.zeros((2, 28 + 2 * P + K * D + S, 27 + 2 * P + K * D + S), np.float32)
    with np.errstate(invalid="ignore"):
        for p, q in np.ndindex(*view.counts):
            top, left = p * S, q * S
            padded[:, top : top + K * D : D, left : left + K * D : D] += cols[:, :, :, p, q]
    want, got = padded[:, P : P + 28, P : P + 27], np.full((2, 28, 27), np.nan, np.float32)
    given = (cols, got, 2, *view.numbers)
    Emulated(im2col.KERNELS).launch("col2im", (2, 1), 96, given, order=order)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_array_equal(got[~np.isnan(got)].view("u4"), want[~np.isnan(want)].view("u4"))


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
    monkeypatch.setattr(planes, "MOST_PLANES", 3)
    compare("im2col", draw(2, 5, 7, 6), kernel_size=3, padding=1, tolerance=1e-6)


def test_more_pixels_than_threads(compare, draw, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    (cols, _) = compare("im2col", draw(1, 2, 23, 29), kernel_size=2, tolerance=1e-6)
    compare("col2im", draw(*cols.shape), output_size=(23, 29), kernel_size=2, tolerance=1e-6)


def test_nan_and_infinities_stay_where_they_are(compare, draw):
    x = draw(2, 3, 5, 6)
    x[0, 1, 2, 3], x[1, 0, 0, 0], x[1, 2, 4, 5] = np.nan, np.inf, -np.inf
    compare("im2col", x, kernel_size=2, padding=1, stride=2)
