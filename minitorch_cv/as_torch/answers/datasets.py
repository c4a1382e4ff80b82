"""`torchvision.datasets`: the engine's datasets with Pillow images as samples. Nothing is
downloaded: `download=True` is content with files that are there."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from ... import data
from ...autograd.tensor import from_numpy
from ...data.image_folder import DatasetFolder, ImageFolder

__all__ = [
    "CIFAR10", "CIFAR100", "MNIST", "DatasetFolder", "FakeData", "FashionMNIST", "ImageFolder",
    "VisionDataset",
]  # fmt: skip

VisionDataset = data.Dataset
FakeData = data.FakeData
Function = Callable[[Any], Any] | None


class _Pictures(data.Dataset):
    """Samples are (Pillow image, class number), the image after the transform if one is given."""

    _stored: np.ndarray  # uint8 (N, H, W) or (N, H, W, 3)
    _numbers: list[int]
    transform: Function
    target_transform: Function

    def __init__(
        self,
        root: str | PathLike[str],
        train: bool = True,
        transform: Function = None,
        target_transform: Function = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, train, transform, target_transform)  # type: ignore[call-arg]
        self.download = download
        self._stored, self._numbers = self.data, self.targets.tolist()
        self._present()

    data: Any
    targets: Any
    root: Any
    train: bool

    def _present(self) -> None:
        """`data` and `targets` as torchvision has them."""
        self.targets = self._numbers

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        image: Any = Image.fromarray(self._stored[index])
        target: Any = self._numbers[index]
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        lines = [
            f"Dataset {type(self).__name__}",
            f"    Number of datapoints: {len(self._numbers)}",
            f"    Root location: {self.root}",
        ]
        lines.append(f"    Split: {'Train' if self.train else 'Test'}")
        if self.transform is not None:
            shown = repr(self.transform).splitlines()
            lines += ["    StandardTransform", f"Transform: {shown[0]}"]
            lines += [f"{' ' * 11}{line}" for line in shown[1:]]
        return "\n".join(lines)


class _Digits(_Pictures):
    def _present(self) -> None:
        self.data = from_numpy(self._stored.copy())
        self.targets = from_numpy(np.array(self._numbers, np.int64))

    @property
    def train_labels(self) -> Any:
        return self.targets

    test_labels = train_labels


class CIFAR10(_Pictures, data.CIFAR10):
    """CIFAR-10 (see `minitorch_cv.data.CIFAR10`)."""


class CIFAR100(_Pictures, data.CIFAR100):
    """CIFAR-100 (see `minitorch_cv.data.CIFAR100`)."""


class MNIST(_Digits, data.MNIST):
    """MNIST (see `minitorch_cv.data.MNIST`)."""

    NAMES = tuple(f"{k} - {name}" for k, name in enumerate(data.MNIST.NAMES))


class FashionMNIST(_Digits, data.FashionMNIST):
    """Fashion-MNIST (see `minitorch_cv.data.FashionMNIST`)."""
