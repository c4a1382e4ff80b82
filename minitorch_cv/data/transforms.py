"""Transforms of single images, with torchvision's names and meaning, on NumPy arrays.

A picture comes as a Pillow image or an (H, W) or (H, W, C) array; `ToTensor` makes it (C, H, W)
float32 in [0, 1]. It stays a NumPy array: the loader makes Tensors of whole batches. All others
take arrays (..., H, W), or Pillow images where that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .resize import resize

_MODES = ("constant", "edge", "reflect", "symmetric")


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        return "Compose(" + "".join(f"\n    {t}" for t in self.transforms) + "\n)"


class ToTensor:
    """A picture as float32 (C, H, W): uint8 (and Pillow images) divided by 255, floats unscaled.

    Raises TypeError for anything but a Pillow image or an array, ValueError for other axes.
    """

    def __call__(self, picture: Any) -> np.ndarray:
        if _is_pillow(picture):
            if picture.mode == "1":
                picture = picture.convert("L")
            picture = np.asarray(picture)
        if not isinstance(picture, np.ndarray):
            raise TypeError(
                f"ToTensor: expects a Pillow image or an array (got {type(picture).__name__})"
            )
        if picture.ndim not in (2, 3):
            raise ValueError(
                f"ToTensor: expects (H, W) or (H, W, C) (got shape {picture.shape}); "
                "give one picture at a time"
            )
        planes = picture[None] if picture.ndim == 2 else picture.transpose(2, 0, 1)  # (C, H, W)
        if picture.dtype == np.uint8:
            return np.ascontiguousarray(planes) / np.float32(255)
        return np.ascontiguousarray(planes, np.float32)

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """(x − mean) / std for each channel of an image (..., C, H, W).

    Raises ValueError for a std of 0 or another number of channels, TypeError for integers.
    """

    def __init__(self, mean: Sequence[float] | float, std: Sequence[float] | float) -> None:
        self.mean = np.atleast_1d(np.asarray(mean, np.float32))
        self.std = np.atleast_1d(np.asarray(std, np.float32))
        if (self.std == 0).any():
            raise ValueError(f"Normalize: std must not be 0 (got {std})")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        _judge_array("Normalize", image, 3)
        if image.dtype.kind != "f":
            raise TypeError(f"Normalize: expects floats (got {image.dtype}); use ToTensor() first")
        C = image.shape[-3]
        if any(len(values) not in (1, C) for values in (self.mean, self.std)):
            raise ValueError(
                f"Normalize: {len(self.mean)} means and {len(self.std)} stds do not fit an image "
                f"of {C} channels (got shape {image.shape}); give one for each channel"
            )
        mean, std = (v.astype(image.dtype)[:, None, None] for v in (self.mean, self.std))
        return (image - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean.tolist()}, std={self.std.tolist()})"


class Resize:
    """Another size, bilinear: a Pillow image, or an array (..., H, W).

    size: (height, width), or an int for the shorter side, the other one in proportion.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _sizes("Resize", size, one=True)

    def __call__(self, image: Any) -> Any:
        if _is_pillow(image):
            from PIL import Image

            H, W = self._target(image.height, image.width)
            return image.resize((W, H), Image.Resampling.BILINEAR)
        _judge_array("Resize", image, 2)
        size = self._target(*image.shape[-2:])
        if image.dtype.kind == "f":
            return resize(image, size)
        return np.rint(resize(image.astype(np.float32), size)).astype(image.dtype)

    def _target(self, H: int, W: int) -> tuple[int, int]:
        if len(self.size) == 2:
            return self.size[0], self.size[1]
        short = self.size[0]
        longer = int(short * max(H, W) / min(H, W))
        return (short, longer) if H <= W else (longer, short)

    def __repr__(self) -> str:
        return f"Resize(size={self.size if len(self.size) == 2 else self.size[0]})"


class Pad:
    """A border around an array (..., H, W).

    padding: one width, (left and right, top and bottom), or (left, top, right, bottom).
    fill: the value of a constant border; padding_mode: constant, edge, reflect, symmetric.
    """

    def __init__(
        self, padding: int | Sequence[int], fill: float = 0, padding_mode: str = "constant"
    ) -> None:
        widths = [padding] if isinstance(padding, int) else list(padding)
        if len(widths) not in (1, 2, 4) or any(not isinstance(w, int) or w < 0 for w in widths):
            raise ValueError(f"Pad: padding is 1, 2 or 4 integers, none negative (got {padding!r})")
        if padding_mode not in _MODES:
            raise ValueError(
                f"Pad: padding_mode is one of {', '.join(_MODES)} (got {padding_mode!r})"
            )
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode
        self._left, self._top, self._right, self._bottom = (widths * 4)[:4]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        _judge_array("Pad", image, 2)
        around = [(0, 0)] * (image.ndim - 2)
        around += [(self._top, self._bottom), (self._left, self._right)]
        extra = {"constant_values": self.fill} if self.padding_mode == "constant" else {}
        return np.pad(image, around, self.padding_mode, **extra)  # type: ignore[call-overload]

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class CenterCrop:
    """The middle of an image (..., H, W), or of a Pillow image; zeros where it is smaller.

    size: (height, width), or an int for both.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        sizes = _sizes("CenterCrop", size, one=False)
        self.size = (sizes[0], sizes[-1])

    def __call__(self, image: Any) -> Any:
        OH, OW = self.size
        if _is_pillow(image):  # Pillow fills what lies outside with black
            top, left = _start(image.height, OH), _start(image.width, OW)
            return image.crop((left, top, left + OW, top + OH))
        _judge_array("CenterCrop", image, 2)
        for axis, size in ((-2, OH), (-1, OW)):
            image = _middle(image, axis, size)
        return image

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


def _start(size: int, wanted: int) -> int:
    """Where the middle begins; negative where the image is too small. Halves round to even."""
    return round((size - wanted) / 2.0) if size >= wanted else -((wanted - size) // 2)


def _middle(image: np.ndarray, axis: int, wanted: int) -> np.ndarray:
    """The middle of one axis, with zeros around where it is too short."""
    size = image.shape[axis]
    start = _start(size, wanted)
    if start < 0 or size < wanted:
        around = [(0, 0)] * image.ndim
        around[axis] = (-start, wanted - size + start)
        return np.pad(image, around)
    return np.take(image, range(start, start + wanted), axis)


def _sizes(name: str, size: Any, one: bool) -> tuple[int, ...]:
    sizes = (size,) if isinstance(size, int) else tuple(size)
    if len(sizes) not in (1, 2) or any(not isinstance(s, int) or s < 1 for s in sizes):
        raise ValueError(
            f"{name}: size is an int or (height, width), at least 1 (got {size!r}); "
            + ("use one number for the shorter side" if one else "use one number for a square")
        )
    return sizes


def _judge_array(name: str, image: Any, axes: int) -> None:
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"{name}: expects an array (got {type(image).__name__}); use ToTensor() first"
        )
    if image.ndim < axes:
        form = "(..., C, H, W)" if axes == 3 else "(..., H, W)"
        raise ValueError(f"{name}: expects {form} (got shape {image.shape})")


def _is_pillow(value: Any) -> bool:
    return hasattr(value, "getbands")  # without importing Pillow
