"""The transforms that answer with Tensors: the engine's own leave that to the loader."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.tensor import Tensor, from_numpy
from ...backend.dtypes import get_default_dtype
from ...data import transforms
from ...data.transforms import functional
from ...data.transforms.convert import planes_of


def to_tensor(pic: Any) -> Tensor:
    """A picture as (C, H, W): bytes divided by 255, other numbers as they are."""
    planes = planes_of("ToTensor", pic)
    if planes.dtype == np.uint8:
        planes = planes.astype(get_default_dtype()) / 255
    return from_numpy(planes)


def pil_to_tensor(pic: Any) -> Tensor:
    """A Pillow image as (C, H, W) of its own dtype."""
    return from_numpy(functional.pil_to_tensor(pic))


class ToTensor(transforms.ToTensor):
    """A picture as a Tensor (C, H, W): bytes divided by 255, other numbers as they are."""

    def __call__(self, pic: Any) -> Tensor:
        return to_tensor(pic)


class PILToTensor(transforms.PILToTensor):
    """A Pillow image as a Tensor (C, H, W) of its own dtype."""

    def __call__(self, pic: Any) -> Tensor:
        return pil_to_tensor(pic)
