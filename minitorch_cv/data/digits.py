"""The UCI handwritten digits that scikit-learn brings along: 1797 scans, on disk, no download.

Each is 8 × 8 pixels of 0 … 16: how many pixels of a 4 × 4 block of the scan were black.

Source: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI machine learning
repository (1998); the test part, as in `sklearn.datasets.load_digits`.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .images import ImageArrays
from .resize import resize

TEST_SIZE = 360


class Digits(ImageArrays):
    """The training digits (1437) or the held-out test digits (360), the same ones each time.

    train: which of the two; image_size: the side length they are resized to (bilinear);
    transform, target_transform: see `ImageArrays`.
    A sample is (image float32 (1, image_size, image_size) in [0, 1], class 0 … 9).
    Raises ImportError without scikit-learn, ValueError for a size below 1.
    """

    def __init__(
        self,
        train: bool = True,
        image_size: int = 32,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        images, targets = _load()
        test = held_out(targets, TEST_SIZE)
        chosen = ~test if train else test
        data = resize(images[chosen] / np.float32(16), (image_size, image_size))
        classes = [str(digit) for digit in range(10)]
        super().__init__(data, targets[chosen], classes, transform, target_transform)
        self.train = train


def _load() -> tuple[np.ndarray, np.ndarray]:
    """Images float32 (1797, 8, 8) of 0 … 16, and classes int64 (1797,).

    They are read from scikit-learn's file, since to import it takes longer than all the rest at the
    start of a run; `load_digits`, which reads the same file, is asked where that lies elsewhere.
    """
    file = _file()
    if file is not None:
        with gzip.open(file, "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, np.float32, delimiter=",")  # (1797, 64 + 1)
        return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "digits: scikit-learn, which holds the digits, is not installed; "
            "use pip install scikit-learn"
        ) from error
    bunch = load_digits()
    return bunch.images.astype(np.float32), bunch.target.astype(np.int64)


def _file() -> Path | None:
    """Where an installed scikit-learn has the digits."""
    try:
        package = importlib.util.find_spec("sklearn")
    except (ImportError, ValueError):
        return None
    if package is None or not package.origin:
        return None
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    return file if file.is_file() else None


def held_out(targets: np.ndarray, size: int) -> np.ndarray:
    """Which samples are held out for testing: `size` of them, each class in proportion.

    No random numbers: of the n samples of a class that gives k to the test, these are the ones at
    ⌊(j + ½) n / k⌋ for j = 0 … k − 1, evenly spread over the file and so over its writers. The
    shares n · size / N are rounded down, and the largest remainders get what is left over.
    """
    classes, counts = np.unique(targets, return_counts=True)
    shares = counts * size / len(targets)
    takes = np.floor(shares).astype(int)
    order = np.argsort(takes - shares, kind="stable")
    takes[order[: size - takes.sum()]] += 1
    mask = np.zeros(len(targets), bool)
    for label, count, take in zip(classes, counts, takes, strict=True):
        places = ((np.arange(take) + 0.5) * count / take).astype(int)
        mask[np.flatnonzero(targets == label)[places]] = True
    return mask
