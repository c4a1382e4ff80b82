"""`FakeData`: pictures of noise, so that a pipeline can be tried without any data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend.random import Generator
from .dataset import Dataset
from .transforms.functional import to_pil_image


class FakeData(Dataset):
    """Normal noise cut to bytes; sample i is always the same picture and class.

    size: how many samples; image_size: (channels, height, width); random_offset: added to the
    number of the sample to seed it. A sample is (Pillow image, class number).
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        random_offset: int = 0,
    ) -> None:
        self.size, self.image_size, self.num_classes = size, tuple(image_size), num_classes
        self.transform, self.target_transform = transform, target_transform
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < self.size:
            raise IndexError(f"FakeData: there are {self.size} samples (got index {index})")
        stream = Generator(index + self.random_offset)
        noise = stream.randn(self.image_size)
        target = int(stream.randint(0, self.num_classes, ())[()])
        image = to_pil_image((noise * 255).astype(np.int64).astype(np.uint8).transpose(1, 2, 0))
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return self.size
