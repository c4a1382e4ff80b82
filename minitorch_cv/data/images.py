"""What datasets in memory have in common: an array of images, an array of labels, a transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .dataset import Dataset


class ImageArrays(Dataset):
    """Images and their classes, all in memory.

    data: (N, H, W), or (N, H, W, 3) in colour, uint8 in 0 … 255 or float32 in [0, 1]; targets: (N,)
        int64; classes: names.
    transform: called with each image as it is stored: bytes as a Pillow image, floats as an array
        (H, W, C); without one a sample is float32 (C, H, W) in [0, 1], as `ToTensor()` gives it.
    target_transform: called with each class number.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray,
        classes: Sequence[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        self.data = data
        self.targets = targets
        self.classes = list(classes)
        self.transform = transform
        self.target_transform = target_transform

    @property
    def images(self) -> np.ndarray:
        """All images without the transform: float32 (N, C, H, W) in [0, 1]."""
        return planes(unit_range(self.data))

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class by its name."""
        return {name: k for k, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.data[index], int(self.targets[index])
        if self.transform is None:
            image = planes(unit_range(image)[None])[0]  # (C, H, W)
        else:
            image = self.transform(as_picture(image))
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.data)

    def gather(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
        changed = type(self).__getitem__ is not ImageArrays.__getitem__
        if changed or self.transform is not None or self.target_transform is not None:
            return None
        where = np.asarray(indices, np.int64)
        return planes(unit_range(self.data[where])), self.targets[where]

    def __repr__(self) -> str:
        count, height, width = self.data.shape[:3]
        return f"{type(self).__name__}({count} images of {height} × {width})"


def unit_range(images: np.ndarray) -> np.ndarray:
    """uint8 0 … 255 as float32 0 … 1; other dtypes as float32 with their values."""
    if images.dtype == np.uint8:
        return images / np.float32(255)
    return images.astype(np.float32)  # a copy: the dataset's own array stays out of reach


def planes(images: np.ndarray) -> np.ndarray:
    """(N, H, W) or (N, H, W, 3) as (N, C, H, W)."""
    if images.ndim == 3:
        return images[:, None]
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def as_picture(image: np.ndarray) -> Any:
    """One stored image as transforms take it: bytes as a Pillow image, floats as (H, W, C)."""
    if image.dtype != np.uint8:
        return image[..., None] if image.ndim == 2 else image
    from PIL import Image

    return Image.fromarray(image)
