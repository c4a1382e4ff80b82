"""Data sets as two plain arrays, images and labels, with what a network must know about them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..backend.random import Generator
from .augment import random_affine
from .errors import TaskError
from .recipes import Settings


class Preprocessing(NamedTuple):
    """How an image becomes a network's input.

    size: (H, W) of the input. grid: (h, w) of the images the data set is made of; an image of
    another size is first brought to this one. resample: the filter from `grid` to `size` by its
    Pillow name, or "pad" where a border of background is put around instead. mean, std: of the
    training pixels, which lie in [0, 1]. Ink is light on a dark ground.
    """

    size: tuple[int, int]
    grid: tuple[int, int]
    resample: str
    mean: float
    std: float

    def as_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {**self._asdict(), "channels": "grey", "polarity": "light on dark"}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Preprocessing:
        """What `as_json` gave."""
        size, grid = tuple(values["size"]), tuple(values["grid"])
        return cls(size, grid, values["resample"], values["mean"], values["std"])

    def normalise(self, x: np.ndarray) -> np.ndarray:
        """(x − mean) / std, float32."""
        return (x - np.float32(self.mean)) / np.float32(self.std)


class Split(NamedTuple):
    """images (N, 1, H, W) float32 in [0, 1], labels (N,) int64, the classes' names."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def first(self, count: int) -> Split:
        """The first `count` images; all of them for 0."""
        if count == 0:
            return self
        return Split(self.images[:count], self.labels[:count], self.classes)


class Batches:
    """The training images in random order, moved a little at random, batch by batch.

    The order is drawn from one generator at the start of each epoch, the moves from another one
    for each batch, so an epoch can be entered again in its middle.
    """

    def __init__(self, split: Split, preprocessing: Preprocessing, settings: Settings) -> None:
        if len(split.labels) == 0:
            raise TaskError("train: the data set is empty (got 0 images); give it at least one")
        self.split, self.preprocessing, self.settings = split, preprocessing, settings
        self.order = Generator(settings.seed + 2**32)
        self.moves = Generator(settings.seed + 2**33)

    def __len__(self) -> int:
        return -(-len(self.split.labels) // self.settings.batch_size)

    def epoch(self, start: int = 0) -> Any:
        """Yields (x, y) arrays of one epoch from batch `start` on. Draws the order in any case."""
        order = self.order.randperm(len(self.split.labels))
        size = self.settings.batch_size
        for k in range(start, len(self)):
            chosen = order[k * size : (k + 1) * size]
            x = random_affine(self.split.images[chosen], self.settings, self.moves)
            yield self.preprocessing.normalise(x), self.split.labels[chosen]


SIZE = (32, 32)  # LeNet-5's input (LeCun et al. 1998, section II.B)


def load_splits(settings: Settings) -> tuple[Split, Split, Preprocessing]:
    """(training images, test images, preprocessing measured on the training images).

    Raises TaskError where the files are missing, damaged or empty.
    """
    train, test = load_split(settings, True), load_split(settings, False)
    for name, split in (("training", train), ("test", test)):
        if len(split.labels) == 0:
            raise TaskError(
                f"train: the data set is empty (got 0 {name} images from {settings.data}); "
                "give it at least one"
            )
    pixels = train.images.astype(np.float64)
    grid, resample = _GRIDS[settings.data]
    deviation = float(pixels.std()) or 1.0
    return train, test, Preprocessing(SIZE, grid, resample, float(pixels.mean()), deviation)


def load_split(settings: Settings, train: bool) -> Split:
    """The training or the test images of a data set by its name, as LeNet's input size."""
    from .. import data

    root = settings.root
    try:
        if settings.data == "digits":
            dataset: Any = data.Digits(train, image_size=SIZE[0])
            images = dataset.images
        elif settings.data == "mnist":
            if root is None:
                raise TaskError(
                    "mnist: --root is missing; name the folder with the four .gz files "
                    "(train-images-idx3-ubyte.gz, …)"
                )
            dataset = data.MNIST(root, train)
            images = pad_to(dataset.images, SIZE)
        else:
            raise TaskError(
                f"data: no such data set (got {settings.data!r}); use {' or '.join(_GRIDS)}"
            )
    except (OSError, ValueError, ImportError) as error:
        raise TaskError(str(error)) from error
    split = Split(images, np.asarray(dataset.targets, np.int64), tuple(dataset.classes))
    return split.first(settings.limit)


def pad_to(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (N, 1, h, w) in the middle of (N, 1, H, W), with background (0) around."""
    top, left = (size[0] - images.shape[-2]) // 2, (size[1] - images.shape[-1]) // 2
    bottom, right = size[0] - images.shape[-2] - top, size[1] - images.shape[-1] - left
    return np.pad(images, ((0, 0), (0, 0), (top, bottom), (left, right)))


# The size of the pictures a data set is made of, and how they come to the size of the input.
_GRIDS: dict[str, tuple[tuple[int, int], str]] = {
    "digits": ((8, 8), "bilinear"),
    "mnist": ((28, 28), "pad"),
}
