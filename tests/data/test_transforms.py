"""Transforms: torchvision's meaning on arrays and Pillow images."""

import numpy as np
import pytest

from minitorch_cv.data import transforms as T

RNG = np.random.default_rng(0)


def test_to_tensor_scales_bytes_and_puts_channels_first():
    picture = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    image = T.ToTensor()(picture)
    assert image.shape == (3, 4, 5) and image.dtype == np.float32
    np.testing.assert_allclose(image[1, 2, 3], picture[2, 3, 1] / 255, rtol=1e-6)
    assert T.ToTensor()(picture[..., 0]).shape == (1, 4, 5)


def test_to_tensor_leaves_floats_unscaled():
    picture = RNG.random((4, 5, 1))
    image = T.ToTensor()(picture)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image[0], picture[..., 0], rtol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_to_tensor_takes_pillow_images(mode):
    module = pytest.importorskip("PIL.Image")
    picture = module.new(mode, (5, 4), "white")
    image = T.ToTensor()(picture)
    assert image.shape == (3 if mode == "RGB" else 1, 4, 5) and (image == 1).all()


def test_normalize_by_channel():
    image = RNG.random((2, 3, 4, 4)).astype(np.float32)
    out = T.Normalize([0.1, 0.2, 0.3], [1.0, 2.0, 4.0])(image)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[1, 2], (image[1, 2] - 0.3) / 4, rtol=1e-5)
    np.testing.assert_allclose(T.Normalize(0.5, 0.5)(image), (image - 0.5) / 0.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("padding", "shape", "place"),
    [(2, (1, 8, 9), (2, 2)), ((1, 3), (1, 10, 7), (3, 1)), ((1, 2, 3, 4), (1, 10, 9), (2, 1))],
)
def test_pad_sides(padding, shape, place):
    image = np.ones((1, 4, 5), np.float32)
    out = T.Pad(padding, fill=7)(image)
    top, left = place
    assert out.shape == shape and (out[:, top : top + 4, left : left + 5] == 1).all()
    assert (out == 7).sum() == out.size - image.size


def test_pad_modes():
    row = np.float32([[[1, 2, 3]]])
    across = {"edge": [1, 1, 2, 3, 3], "reflect": [2, 1, 2, 3, 2], "symmetric": [1, 1, 2, 3, 3]}
    for mode, values in across.items():
        np.testing.assert_array_equal(T.Pad((1, 0), padding_mode=mode)(row)[0, 0], values)


@pytest.mark.parametrize("size", [3, (2, 4), (5, 5)])
def test_center_crop_takes_the_middle(size):
    image = np.arange(25, dtype=np.float32).reshape(1, 5, 5)
    out = T.CenterCrop(size)(image)
    height, width = (size, size) if isinstance(size, int) else size
    assert out.shape == (1, height, width)
    if height == width:
        assert out[0, height // 2, width // 2] == 12


def test_center_crop_fills_with_zeros():
    out = T.CenterCrop((4, 7))(np.ones((2, 3, 4)))
    assert out.shape == (2, 4, 7) and out.sum() == 24
    assert (out[:, :3, 1:5] == 1).all()


def test_center_crop_of_pillow_images_equals_arrays():
    module = pytest.importorskip("PIL.Image")
    picture = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
    for size in (4, (3, 8), (8, 12), (7, 4)):
        crop = np.asarray(T.CenterCrop(size)(module.fromarray(picture)))
        np.testing.assert_array_equal(crop, T.CenterCrop(size)(picture))


def test_resize_arrays_and_pillow_images():
    module = pytest.importorskip("PIL.Image")
    picture = RNG.integers(0, 256, (20, 10), dtype=np.uint8)
    assert T.Resize((6, 4))(picture).shape == (6, 4)
    assert T.Resize(5)(picture).shape == (10, 5) and T.Resize(5)(picture.T).shape == (5, 10)
    theirs = np.asarray(T.Resize(5)(module.fromarray(picture)))
    ours = T.Resize(5)(picture)
    assert ours.dtype == np.uint8 and theirs.shape == (10, 5)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_compose_in_order():
    image = T.Compose([T.ToTensor(), T.Normalize(0.5, 0.5), T.Pad(2, fill=9)])(
        np.full((3, 3), 255, np.uint8)
    )
    assert image.shape == (1, 7, 7) and image[0, 3, 3] == 1 and image[0, 0, 0] == 9
    assert "Normalize" in repr(T.Compose([T.Normalize(0.5, 0.5)]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: T.ToTensor()([1, 2]), TypeError, "ToTensor: expects a Pillow image or an array"),
        (lambda: T.ToTensor()(np.zeros((1, 2, 3, 4))), ValueError, r"\(H, W, C\)"),
        (lambda: T.Normalize(0, 0), ValueError, "std must not be 0"),
        (lambda: T.Normalize(0, 1)(np.zeros((1, 2, 2), np.uint8)), TypeError, "ToTensor"),
        (lambda: T.Normalize([0, 0], [1, 1])(np.zeros((3, 2, 2))), ValueError, "3 channels"),
        (lambda: T.Normalize(0, 1)(np.zeros((2, 2))), ValueError, r"\(..., C, H, W\)"),
        (lambda: T.Resize(0), ValueError, "Resize: size"),
        (lambda: T.Resize((1, 2, 3)), ValueError, "Resize: size"),
        (lambda: T.Resize(3)("x"), TypeError, "expects an array"),
        (lambda: T.Pad(-1), ValueError, "none negative"),
        (lambda: T.Pad((1, 2, 3)), ValueError, "1, 2 or 4"),
        (lambda: T.Pad(1, padding_mode="wrap"), ValueError, "padding_mode"),
        (lambda: T.CenterCrop(2)(np.zeros(3)), ValueError, "CenterCrop"),
    ],
)
def test_refuses(call, error, words):
    with pytest.raises(error, match=words):
        call()
