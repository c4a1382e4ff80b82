"""Data sets as two plain arrays, images and labels, with what a network must know about them."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from ..backend.random import Generator
from ..data.images import unit_range
from .augment import crop_and_flip, random_affine
from .errors import TaskError
from .preprocessing import Preprocessing, measured
from .recipes import Settings


class Split(NamedTuple):
    """images (N, C, H, W), float32 in [0, 1] or bytes; labels (N,) int64; the classes' names."""

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

    The order is drawn from one generator at the start of each epoch, turns and shifts from another
    one for each batch, crops and flips from the one that `manual_seed` seeds; so an epoch can be
    entered again in its middle. A last batch of a single image is joined to the one before it: the
    batch norm of one pixel has no variance.
    """

    def __init__(self, split: Split, preprocessing: Preprocessing, settings: Settings) -> None:
        if len(split.labels) == 0:
            raise TaskError("train: the data set is empty (got 0 images); give it at least one")
        self.split, self.preprocessing, self.settings = split, preprocessing, settings
        self.order = Generator(settings.seed + 2**32)
        self.moves = Generator(settings.seed + 2**33)

    def __len__(self) -> int:
        return max(1, -(-(len(self.split.labels) - 1) // self.settings.batch_size))

    def epoch(self, start: int = 0) -> Any:
        """Yields (x, y) arrays of one epoch from batch `start` on. Draws the order in any case."""
        order = self.order.randperm(len(self.split.labels))
        size = self.settings.batch_size
        for k in range(start, len(self)):
            chosen = order[k * size : (k + 1) * size if k < len(self) - 1 else None]
            x = crop_and_flip(unit_range(self.split.images[chosen]), self.settings)
            x = random_affine(x, self.settings, self.moves)
            yield self.preprocessing.to_input(x), self.split.labels[chosen]


SIZE = (32, 32)  # LeNet-5's input (LeCun et al. 1998, section II.B), and the size of CIFAR's photos


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
    grid, resample, channels = _GRIDS[settings.data]
    side = settings.image_size
    size = (side, side) if side else SIZE
    if side and resample == "crop":
        resample = "bilinear"
    mean, std = measured(train.images)
    return train, test, Preprocessing(size, grid, resample, mean, std, channels)


def load_split(settings: Settings, train: bool) -> Split:
    """The training or the test images of a data set by its name, at 32 × 32 pixels."""
    from .. import data

    try:
        if settings.data == "digits":
            dataset: Any = data.Digits(train, image_size=SIZE[0])
            images = dataset.images
        elif settings.data == "mnist":
            dataset = data.MNIST(_root_of(settings, "with the four .gz files "
                                 "(train-images-idx3-ubyte.gz, …)"), train)  # fmt: skip
            images = pad_to(dataset.images, SIZE)
        elif settings.data == "cifar10":
            with warnings.catch_warnings():  # of missing batches: the count of images is printed
                warnings.simplefilter("ignore", UserWarning)
                dataset = data.CIFAR10(_root_of(settings, "that holds cifar-10-batches-py"), train)
            images = dataset.data.transpose(0, 3, 1, 2)  # (N, 3, 32, 32), bytes
        else:
            raise TaskError(
                f"data: no such data set (got {settings.data!r}); use {' or '.join(_GRIDS)}"
            )
    except (OSError, ValueError, ImportError) as error:
        raise TaskError(str(error)) from error
    split = Split(images, np.asarray(dataset.targets, np.int64), tuple(dataset.classes))
    return split.first(settings.limit)


def _root_of(settings: Settings, what: str) -> str:
    """The folder of a data set's files. Raises TaskError where none was named."""
    if settings.root is None:
        raise TaskError(f"{settings.data}: --root is missing; name the folder {what}")
    return settings.root


def pad_to(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (N, 1, h, w) in the middle of (N, 1, H, W), with background (0) around."""
    top, left = (size[0] - images.shape[-2]) // 2, (size[1] - images.shape[-1]) // 2
    bottom, right = size[0] - images.shape[-2] - top, size[1] - images.shape[-1] - left
    return np.pad(images, ((0, 0), (0, 0), (top, bottom), (left, right)))


# The size of the pictures a data set is made of, how they come to the size of the input, and what
# their channels are.
_GRIDS: dict[str, tuple[tuple[int, int], str, str]] = {
    "digits": ((8, 8), "bilinear", "grey"),
    "mnist": ((28, 28), "pad", "grey"),
    "cifar10": ((32, 32), "crop", "RGB"),
}
