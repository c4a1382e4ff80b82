"""Transforms without chance. What each does is told at its function in `functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import color, convert, geometry
from .images import sides, square, two_sizes
from .modes import PADDING_MODES, InterpolationMode, mode_of


class ToTensor:
    """A picture as float32 (C, H, W): uint8 (and Pillow images) divided by 255, floats unscaled.

    It stays a NumPy array: the loader makes Tensors of whole batches.
    Raises TypeError for anything but a Pillow image or an array, ValueError for other axes.
    """

    def __call__(self, pic: Any) -> Any:
        return convert.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """A Pillow image as (C, H, W) of its own dtype, unscaled; a NumPy array as in `ToTensor`."""

    def __call__(self, pic: Any) -> Any:
        return convert.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ConvertImageDtype:
    """Planes in another dtype, scaled to its range."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, image: Any) -> Any:
        return convert.convert_image_dtype(image, self.dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """Planes (C, H, W) of a Tensor, or an array (H, W, C), as a Pillow image."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return convert.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Normalize:
    """(x − mean) / std for each channel of an image (..., C, H, W).

    Raises ValueError for a std of 0 or another number of channels, TypeError for integers.
    """

    def __init__(
        self, mean: Sequence[float] | float, std: Sequence[float] | float, inplace: bool = False
    ) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace
        if (np.asarray(std, np.float32) == 0).any():
            raise ValueError(f"Normalize: std must not be 0 (got {std})")

    def __call__(self, tensor: Any) -> Any:
        return convert.normalize(tensor, self.mean, self.std, self.inplace)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Resize:
    """Another size: a Pillow image, or planes (..., H, W).

    size: (height, width), or an int for the shorter side, the other one in proportion, at most
    max_size; antialias: widen the filter where planes shrink (Pillow always does).
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        two_sizes("Resize", size, "use one number for the shorter side")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = mode_of("Resize", interpolation)

    def __call__(self, img: Any) -> Any:
        return geometry.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop:
    """The middle of an image; zeros where it is smaller.

    size: (height, width), or an int for both.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = square("CenterCrop", size)

    def __call__(self, img: Any) -> Any:
        return geometry.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad:
    """A border around an image.

    padding: one width, (left and right, top and bottom), or (left, top, right, bottom).
    fill: the value of a constant border; padding_mode: constant, edge, reflect, symmetric.
    """

    def __init__(
        self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        sides("Pad", padding)
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"Pad: padding_mode is one of {', '.join(PADDING_MODES)} (got {padding_mode!r})"
            )
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def __call__(self, img: Any) -> Any:
        return geometry.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, "
            f"padding_mode={self.padding_mode})"
        )


class FiveCrop:
    """The four corners and the middle, as a tuple of five images."""

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = square("FiveCrop", size)

    def __call__(self, img: Any) -> Any:
        return geometry.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop:
    """`FiveCrop` of the image and of its mirror image (vertical_flip: upside down)."""

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        self.size, self.vertical_flip = square("TenCrop", size), vertical_flip

    def __call__(self, img: Any) -> Any:
        return geometry.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


class Grayscale:
    """Grey, in 1 or 3 equal channels."""

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, img: Any) -> Any:
        return color.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"
