"""Bilinear resizing against naive loops and, where it is installed, Pillow."""

import numpy as np
import pytest

from minitorch_cv.data.resize import resize, weights

SIZES = [((8, 8), (32, 32)), ((28, 28), (32, 20)), ((13, 7), (5, 3)), ((4, 6), (4, 6)),
         ((1, 1), (3, 2)), ((9, 5), (1, 1))]  # fmt: skip


def naive_upsample(image, OH, OW):
    """Each output pixel from the four pixels around its centre, the border repeated."""
    H, W = image.shape
    out = np.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            y = min(max((i + 0.5) * H / OH - 0.5, 0), H - 1)
            x = min(max((j + 0.5) * W / OW - 0.5, 0), W - 1)
            top, left = int(y), int(x)
            below, right = min(top + 1, H - 1), min(left + 1, W - 1)
            fy, fx = y - top, x - left
            upper = (1 - fx) * image[top, left] + fx * image[top, right]
            lower = (1 - fx) * image[below, left] + fx * image[below, right]
            out[i, j] = (1 - fy) * upper + fy * lower
    return out


@pytest.mark.parametrize(("size", "out"), [((8, 8), (32, 32)), ((3, 5), (7, 5)), ((1, 2), (4, 9))])
def test_enlarging_equals_naive_loops(size, out):
    image = np.random.default_rng(0).random(size)
    np.testing.assert_allclose(resize(image, out), naive_upsample(image, *out), atol=1e-12)


@pytest.mark.parametrize(("size", "out"), SIZES)
def test_equals_pillow(size, out):
    image_module = pytest.importorskip("PIL.Image")
    image = np.random.default_rng(1).random(size).astype(np.float32)
    theirs = image_module.fromarray(image).resize(out[::-1], image_module.Resampling.BILINEAR)
    ours = resize(image[None, None], out)
    assert ours.shape == (1, 1, *out) and ours.dtype == np.float32
    np.testing.assert_allclose(ours[0, 0], np.asarray(theirs), atol=1e-6)


@pytest.mark.parametrize(("size", "out"), [(8, 32), (28, 10), (5, 5)])
def test_a_constant_stays_constant(size, out):
    np.testing.assert_allclose(weights(size, out).sum(axis=1), 1.0)


def test_refuses_sizes_below_one():
    with pytest.raises(ValueError, match="at least 1"):
        resize(np.zeros((4, 4)), (0, 3))
