"""The transforms as functions (torchvision: `transforms.functional`)."""

from .color import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    rgb_to_grayscale,
    to_grayscale,
)
from .convert import convert_image_dtype, normalize, pil_to_tensor, to_pil_image, to_tensor
from .geometry import (
    center_crop,
    crop,
    erase,
    five_crop,
    hflip,
    pad,
    resize,
    resized_crop,
    ten_crop,
    vflip,
)
from .images import channels_of, size_of
from .modes import InterpolationMode
from .warp import affine, rotate


def get_image_size(img: object) -> list[int]:
    """[width, height]"""
    H, W = size_of("get_image_size", img)
    return [W, H]


def get_image_num_channels(img: object) -> int:
    """The number of channels."""
    return channels_of("get_image_num_channels", img)


def get_dimensions(img: object) -> list[int]:
    """[channels, height, width]"""
    return [channels_of("get_dimensions", img), *size_of("get_dimensions", img)]


__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue",
    "adjust_saturation", "affine", "center_crop", "convert_image_dtype", "crop", "erase",
    "five_crop", "get_dimensions", "get_image_num_channels", "get_image_size", "hflip",
    "normalize", "pad", "pil_to_tensor", "resize", "resized_crop", "rgb_to_grayscale", "rotate",
    "ten_crop", "to_grayscale", "to_pil_image", "to_tensor", "vflip",
]  # fmt: skip
