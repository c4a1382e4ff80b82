"""MNIST: 70 000 handwritten digits, read from the four original files.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998), section III.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from .idx import Expected, read_idx
from .images import ImageArrays

FILES = {
    "train-images-idx3-ubyte.gz": Expected(
        "images", (60000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"
    ),
    "train-labels-idx1-ubyte.gz": Expected("labels", (60000,), "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte.gz": Expected(
        "images", (10000, 28, 28), "2646ac647ad5339dbf082846283269ea"
    ),
    "t10k-labels-idx1-ubyte.gz": Expected("labels", (10000,), "27ae3e4e09519cfbb04c329615203637"),
}
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip


class MNIST(ImageArrays):
    """The training digits (60 000) or the test digits (10 000) of MNIST.

    root: the folder with the four .gz files (or unpacked ones); `root/MNIST/raw` is looked at, too.
    train: which of the two; transform, target_transform: see `ImageArrays`.
    verify: refuse files that are not the originals (by the md5 of their content); otherwise any
        files of the same structure are read, such as Fashion-MNIST's.
    A sample is (image float32 (1, 28, 28) in [0, 1], class 0 … 9).
    Raises FileNotFoundError where files are missing (nothing is downloaded), ValueError for a file
    that is not what its name says.
    """

    NAMES: tuple[str, ...] = CLASSES

    def __init__(
        self,
        root: str | PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        *,
        verify: bool = False,
    ) -> None:
        part = "train" if train else "t10k"
        names = [name for name in FILES if name.startswith(part)]
        image_path, label_path = _find(self._folders(Path(fspath(root))), names)
        images = read_idx(image_path, FILES[names[0]], verify)
        labels = read_idx(label_path, FILES[names[1]], verify)
        if len(images) != len(labels):
            raise ValueError(
                f"mnist: {image_path.name} and {label_path.name} do not belong together (got "
                f"{len(images)} images and {len(labels)} labels); fetch both files again"
            )
        if labels.max() > 9:
            raise ValueError(
                f"mnist: {label_path.name} holds the label {labels.max()}, expected 0 … 9 (md5 of "
                f"the uncompressed original: {FILES[names[1]].md5}); fetch the file again"
            )
        super().__init__(images, labels.astype(np.int64), self.NAMES, transform, target_transform)
        self.root = root
        self.train = train

    @staticmethod
    def _folders(root: Path) -> list[Path]:
        return [root, root / "MNIST" / "raw"]


class FashionMNIST(MNIST):
    """Zalando's photos of clothes in the form of MNIST, ten classes.

    root: the folder whose `FashionMNIST/raw` holds the four files, or `raw` itself. Files straight
    in root are not read: they have the names of MNIST's.
    Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", 2017.
    """

    NAMES = FASHION_CLASSES

    @staticmethod
    def _folders(root: Path) -> list[Path]:
        return [root / "FashionMNIST" / "raw", root / "raw"]


def _find(folders: list[Path], names: list[str]) -> list[Path]:
    """The paths of the files, packed or unpacked. Raises FileNotFoundError where one is missing."""
    found: list[Path] = []
    for name in names:
        places = [folder / form for folder in folders for form in (name, name[: -len(".gz")])]
        path = next((place for place in places if place.exists()), None)
        if path is None:
            raise FileNotFoundError(
                f"mnist: {name} is missing (looked in {folders[0]} and {folders[1]}); put the four "
                f"files {', '.join(FILES)} into one of these folders: nothing is downloaded"
            )
        found.append(path)
    return found
