"""From a picture file to what a network's preprocessing takes: in colour, with its shorter side as
the network wants it; or grey, square, light on dark, on the data's own grid."""

from __future__ import annotations

import os
import warnings
from typing import Any, NamedTuple

import numpy as np

from ..data.resize import resize
from ..data.transforms import functional as T  # noqa: N812
from .errors import TaskError
from .preprocessing import Preprocessing
from .splits import pad_to


class Picture(NamedTuple):
    """pixels (C, H, W) float32 in [0, 1]; notes: what was done to the picture on the way."""

    pixels: np.ndarray
    notes: tuple[str, ...]


def read_picture(path: str | os.PathLike[str], preprocessing: Preprocessing) -> Picture:
    """Reads and converts a picture of any size and mode.

    For a network that takes colour, transparent parts become white and the shorter side as long as
    that of the preprocessing's grid; nothing is cut off.

    For one that takes grey, transparent parts become paper: white under dark ink, black under light
    ink. Colours become grey (ITU-R 601-2: 0.299 R + 0.587 G + 0.114 B). A picture whose border is
    light (median ≥ 0.5) is taken as dark ink on light paper and inverted, since the networks were
    trained on light ink. It is then padded to a square with its background, resized to the grid of
    the training pictures and, as they were, brought to the network's input size.
    Raises TaskError for a file that is no picture.
    """
    image = _open(path)
    if preprocessing.channels != "grey":
        return Picture(_colour(image, preprocessing), ())
    grey = _grey(image)
    notes = []
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    if background >= 0.5:
        grey, background = 1 - grey, 1 - background
        notes.append("dark on light: inverted")
    if float(grey.max() - grey.min()) < 0.05:
        notes.append("the picture is blank: the answer means nothing")
    if grey.shape[0] != grey.shape[1]:
        notes.append(f"{grey.shape[1]} × {grey.shape[0]}: padded to a square")
    square = _square(grey.astype(np.float32), background)
    return Picture(to_input(square, preprocessing)[None], tuple(notes))


def to_input(square: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """A square grey picture (S, S) → (H, W), by way of the grid the training pictures have."""
    if square.shape not in (preprocessing.grid, preprocessing.size):
        square = resize(square, preprocessing.grid)
    if square.shape == preprocessing.size:
        return square
    if preprocessing.resample == "pad":
        return pad_to(square[None, None], preprocessing.size)[0, 0]
    return resize(square, preprocessing.size)


def _square(grey: np.ndarray, background: float) -> np.ndarray:
    """The picture in the middle of a square of its background."""
    H, W = grey.shape
    side = max(H, W)
    square = np.full((side, side), background, grey.dtype)
    top, left = (side - H) // 2, (side - W) // 2
    square[top : top + H, left : left + W] = grey
    return square


def _colour(image: Any, preprocessing: Preprocessing) -> np.ndarray:
    """A picture on white paper, (3, h, w): its shorter side as long as the grid's, or the square of
    the grid's size out of its middle where that is then resized."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = _deep_grey(np.asarray(image, np.float64)).astype(np.float32)
        pixels = preprocessing.resized(np.stack([grey] * 3)[None])[0]
    else:
        if "A" in image.getbands() or "transparency" in image.info:
            from PIL import Image

            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = T.resize(image.convert("RGB"), min(preprocessing.grid))
        pixels = T.to_tensor(image)
    if preprocessing.resample != "crop":
        pixels = T.center_crop(pixels, preprocessing.grid)
    return pixels


def _open(path: str | os.PathLike[str]) -> Any:
    """Any picture file as a Pillow image, the right way up."""
    from PIL import Image, ImageOps

    name = os.fspath(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(name) as file:
                image = ImageOps.exif_transpose(file)
                image.load()
    except FileNotFoundError:
        raise TaskError(f"predict: there is no file {name}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise TaskError(f"predict: {name} has too many pixels; make it smaller first") from None
    except (OSError, SyntaxError, ValueError) as error:
        size = f"{os.path.getsize(name)} bytes" if os.path.isfile(name) else "not a file"
        reason = "; the file may be cut off" if "truncated" in str(error) else ""
        raise TaskError(
            f"predict: {name} is not a picture that can be read ({size}){reason}; use PNG or JPEG"
        ) from error
    return image


def _grey(image: Any) -> np.ndarray:
    """Grey values (H, W) in [0, 1] of any Pillow image."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey(np.asarray(image, np.float64))
    if "A" in image.getbands() or "transparency" in image.info:
        return _on_paper(image.convert("RGBA"))
    return np.asarray(image.convert("L"), np.float64) / 255


def _on_paper(image: Any) -> np.ndarray:
    """An RGBA picture on white paper where its ink is dark, on black where it is light."""
    grey = np.asarray(image.convert("RGB").convert("L"), np.float64) / 255
    opacity = np.asarray(image.getchannel("A"), np.float64) / 255
    ink = (grey * opacity).sum() / max(opacity.sum(), 1e-9)
    paper = 1.0 if ink < 0.5 else 0.0
    return grey * opacity + paper * (1 - opacity)


def _deep_grey(values: np.ndarray) -> np.ndarray:
    """16-bit or float grey values in [0, 1]: the smallest of the usual ranges that holds them."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max())
    for limit in (1.0, 255.0, 65535.0):
        if top <= limit:
            return np.clip(values / limit, 0, 1)
    return np.clip(values / top, 0, 1)
