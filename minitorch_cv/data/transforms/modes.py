"""How pixels between pixels are read: `InterpolationMode`, and how borders go on."""

from __future__ import annotations

from enum import Enum
from typing import Any


class InterpolationMode(Enum):
    """The ways to read a value between pixels (torchvision's names)."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PADDING_MODES = ("constant", "edge", "reflect", "symmetric")
_PILLOW = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
_BY_NUMBER = {number: InterpolationMode(name) for name, number in _PILLOW.items()}


def mode_of(name: str, interpolation: Any) -> InterpolationMode:
    """The mode meant by a mode, its name, or Pillow's number. Raises ValueError for others."""
    if isinstance(interpolation, InterpolationMode):
        return interpolation
    if isinstance(interpolation, int) and int(interpolation) in _BY_NUMBER:
        return _BY_NUMBER[int(interpolation)]
    try:
        return InterpolationMode(interpolation)
    except ValueError:
        raise ValueError(
            f"{name}: interpolation is one of "
            f"{', '.join('InterpolationMode.' + m.name for m in InterpolationMode)} "
            f"(got {interpolation!r})"
        ) from None


def pillow_mode(mode: InterpolationMode) -> Any:
    """Pillow's own word for a mode."""
    from PIL import Image

    return Image.Resampling(_PILLOW["nearest" if mode.value == "nearest-exact" else mode.value])
