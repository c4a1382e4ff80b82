"""Pictures of any size and mode become what the network was trained on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minitorch_cv.data import Digits
from minitorch_cv.tasks.errors import TaskError
from minitorch_cv.tasks.pictures import read_picture
from minitorch_cv.tasks.preprocessing import Preprocessing

DIGITS = Preprocessing((32, 32), (8, 8), "bilinear", 0.3, 0.3)
MNIST = Preprocessing((32, 32), (28, 28), "pad", 0.1, 0.3)


@pytest.fixture()
def drawing() -> Image.Image:
    """A light bar on a dark ground, 64 × 64."""
    pixels = np.zeros((64, 64), np.uint8)
    pixels[8:56, 24:40] = 255
    return Image.fromarray(pixels)


def read(image: Image.Image, tmp_path: Path, preprocessing=DIGITS, name: str = "a.png"):
    path = tmp_path / name
    image.save(path)
    return read_picture(path, preprocessing)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK"])
def test_every_mode_gives_the_same_picture(tmp_path: Path, drawing, mode: str) -> None:
    wanted = read(drawing, tmp_path).pixels
    name = "b.tiff" if mode in ("F", "CMYK", "I") else "b.png"
    if mode == "I;16":
        other = Image.fromarray(np.asarray(drawing).astype(np.uint16) * 257)
    else:
        other = drawing.convert(mode)
    got = read(other, tmp_path, name=name)
    assert got.pixels.shape == (1, 32, 32)
    assert got.pixels.dtype == np.float32
    assert np.allclose(got.pixels, wanted, atol=0.02)


def test_dark_on_light_is_inverted_with_a_note(tmp_path: Path, drawing) -> None:
    light = read(drawing, tmp_path)
    dark = read(Image.eval(drawing, lambda v: 255 - v), tmp_path)
    assert light.notes == ()
    assert dark.notes == ("dark on light: inverted",)
    assert np.allclose(light.pixels, dark.pixels, atol=1e-6)


@pytest.mark.parametrize(("ink", "notes"), [(0, ("dark on light: inverted",)), (255, ())])
def test_ink_on_transparent_paper_is_seen(tmp_path: Path, drawing, ink: int, notes) -> None:
    pixels = np.full((64, 64, 4), ink, np.uint8)
    pixels[..., 3] = np.asarray(drawing)  # the bar alone is opaque
    picture = read(Image.fromarray(pixels), tmp_path)
    assert picture.notes == notes
    assert np.allclose(picture.pixels, read(drawing, tmp_path).pixels, atol=1e-6)


def test_other_shapes_are_padded_with_their_background(tmp_path: Path, drawing) -> None:
    picture = read(drawing.crop((16, 0, 48, 64)), tmp_path)
    assert picture.notes == ("32 × 64: padded to a square",)
    assert np.allclose(picture.pixels, read(drawing, tmp_path).pixels, atol=1e-6)


def test_a_blank_picture_is_said_to_be_blank(tmp_path: Path) -> None:
    assert "blank" in read(Image.new("L", (20, 20), 128), tmp_path).notes[-1]
    assert read(Image.new("L", (1, 1)), tmp_path).pixels.shape == (1, 32, 32)


def test_a_training_picture_comes_through_as_it_was_trained_on(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    dataset = Digits(train=False)
    original = load_digits().images
    small = np.rint(original * 255 / 16).astype(np.uint8)
    wanted = dataset.images[7]
    found = [
        k for k in range(len(small))
        if abs(read_input(small[k], tmp_path) - wanted).max() < 0.01
    ]  # fmt: skip
    assert found


def read_input(pixels: np.ndarray, tmp_path: Path) -> np.ndarray:
    from minitorch_cv.tasks.pictures import to_input

    return to_input(pixels.astype(np.float32) / 255, DIGITS)[None]


def test_mnist_sized_pictures_are_only_padded(tmp_path: Path) -> None:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[5:20, 7:21] = 200
    picture = read(Image.fromarray(pixels), tmp_path, MNIST)
    assert np.allclose(picture.pixels[0, 2:30, 2:30], pixels / 255)
    assert picture.pixels[0, :2].max() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a picture that can be read (0 bytes)"),
        (b"<html>no</html>", "not a picture that can be read (15 bytes)"),
        (None, "there is no file"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content, words: str) -> None:
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TaskError) as caught:
        read_picture(path, DIGITS)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_cut_off_huge_and_folders(tmp_path: Path, drawing, monkeypatch) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(TaskError, match="cut off"):
        read_picture(path, DIGITS)
    with pytest.raises(TaskError, match="not a file"):
        read_picture(tmp_path, DIGITS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(TaskError, match="too many pixels"):
        read(drawing, tmp_path)
