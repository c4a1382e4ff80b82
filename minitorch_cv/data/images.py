"""What the digit datasets have in common: an array of images, an array of labels, a transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .dataset import Dataset


class ImageArrays(Dataset):
    """Grey images and their classes, all in memory.

    data: (N, H, W), uint8 in 0 … 255 or float32 in [0, 1]; targets: (N,) int64; classes: names.
    transform: called with each image as (H, W, 1) array of that dtype, as a picture is stored;
        without one a sample is float32 (1, H, W) in [0, 1], which is what `ToTensor()` gives.
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
        """All images without the transform: float32 (N, 1, H, W) in [0, 1]."""
        return unit_range(self.data)[:, None]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.data[index], int(self.targets[index])
        if self.transform is None:
            image = unit_range(image)[None]  # (1, H, W)
        else:
            image = self.transform(image[..., None])  # (H, W, 1)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.data)

    def gather(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
        changed = type(self).__getitem__ is not ImageArrays.__getitem__
        if changed or self.transform is not None or self.target_transform is not None:
            return None
        where = np.asarray(indices, np.int64)
        return unit_range(self.data[where])[:, None], self.targets[where]

    def __repr__(self) -> str:
        count, height, width = self.data.shape
        return f"{type(self).__name__}({count} images of {height} × {width})"


def unit_range(images: np.ndarray) -> np.ndarray:
    """uint8 0 … 255 as float32 0 … 1; other dtypes as float32 with their values."""
    if images.dtype == np.uint8:
        return images / np.float32(255)
    return images.astype(np.float32)  # a copy: the dataset's own array stays out of reach
