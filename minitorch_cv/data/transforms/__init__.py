"""Transforms of single images, with torchvision's names and meaning.

A picture comes as a Pillow image or an (H, W) or (H, W, C) array; `ToTensor` makes it (C, H, W)
float32 in [0, 1]. It stays a NumPy array: the loader makes Tensors of whole batches. All others
take Pillow images and planes: arrays or Tensors (..., H, W). The values equal torchvision's.
"""

from . import functional
from .compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder
from .fixed import (
    CenterCrop,
    ConvertImageDtype,
    FiveCrop,
    Grayscale,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    TenCrop,
    ToPILImage,
    ToTensor,
)
from .modes import InterpolationMode
from .random_color import ColorJitter, RandomErasing, RandomGrayscale
from .random_geometry import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)

__all__ = [
    "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "FiveCrop", "Grayscale",
    "InterpolationMode", "Lambda", "Normalize", "PILToTensor", "Pad", "RandomAffine",
    "RandomApply", "RandomChoice", "RandomCrop", "RandomErasing", "RandomGrayscale",
    "RandomHorizontalFlip", "RandomOrder", "RandomResizedCrop", "RandomRotation",
    "RandomVerticalFlip", "Resize", "TenCrop", "ToPILImage", "ToTensor", "functional",
]  # fmt: skip
