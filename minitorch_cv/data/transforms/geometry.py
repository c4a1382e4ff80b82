"""Cutting, padding, flipping and resizing: functions on Pillow images and planes (..., H, W)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..resize import resize as resample
from .images import (
    channels_of,
    fill_of,
    is_pillow,
    judge_planes,
    on_planes,
    sides,
    size_of,
    square,
    two_sizes,
)
from .modes import PADDING_MODES, InterpolationMode, mode_of, pillow_mode

_PLANE_MODES = ("nearest", "nearest-exact", "bilinear", "bicubic")


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Another size. size: (height, width), or an int for the shorter side, the other one in
    proportion (rounded down) but at most max_size. See `Resize`."""
    H, W = size_of("Resize", img)
    OH, OW = target_size(two_sizes("Resize", size, _SHORTER), H, W, max_size)
    mode = mode_of("Resize", interpolation)
    if is_pillow(img):
        return img if (OH, OW) == (H, W) else img.resize((OW, OH), pillow_mode(mode))
    if mode.value not in _PLANE_MODES:
        raise ValueError(f"Resize: {mode} needs a Pillow image; planes are {_PLANE_MODES}")

    def change(x: np.ndarray) -> np.ndarray:
        kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        out = resample(x.astype(kind), (OH, OW), mode.value, bool(antialias))
        if x.dtype.kind == "f":
            return out.astype(x.dtype)
        most = np.iinfo(x.dtype).max if x.dtype.kind in "iu" else 1
        return np.rint(np.clip(out, 0 if mode.value == "bicubic" else None, most)).astype(x.dtype)

    return img if (OH, OW) == (H, W) else on_planes("Resize", img, change)


_SHORTER = "use one number for the shorter side"


def target_size(
    size: tuple[int, ...], H: int, W: int, max_size: int | None = None
) -> tuple[int, int]:
    """(height, width) that `size` means for an image (H, W)."""
    if len(size) == 2:
        if max_size is not None:
            raise ValueError("Resize: max_size goes with one number for the shorter side")
        return size[0], size[1]
    short = size[0]
    longer = int(short * max(H, W) / min(H, W))
    if max_size is not None and max_size <= short:
        raise ValueError(f"Resize: max_size must be larger than size (got {max_size}, {short})")
    if max_size is not None and longer > max_size:
        short, longer = int(max_size * short / longer), max_size
    return (short, longer) if H <= W else (longer, short)


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """A border: one width, (left and right, top and bottom), or (left, top, right, bottom)."""
    left, top, right, bottom = sides("Pad", padding)
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            f"Pad: padding_mode is one of {', '.join(PADDING_MODES)} (got {padding_mode!r})"
        )
    if is_pillow(img):
        return _pad_pillow(img, (left, top, right, bottom), fill, padding_mode)
    edges = ((top, bottom), (left, right))
    C = channels_of("Pad", img)

    def change(x: np.ndarray) -> np.ndarray:
        around = [(0, 0)] * (x.ndim - 2) + list(edges)
        if padding_mode != "constant":
            return np.pad(x, around, padding_mode)  # type: ignore[call-overload]
        H, W = x.shape[-2:]
        out = np.empty((*x.shape[:-2], H + top + bottom, W + left + right), x.dtype)
        out[...] = fill_of(fill, C)
        out[..., top : top + H, left : left + W] = x
        return out

    return on_planes("Pad", img, change)


def _pad_pillow(img: Any, widths: tuple[int, ...], fill: Any, padding_mode: str) -> Any:
    from PIL import Image, ImageOps

    left, top, right, bottom = widths
    if padding_mode == "constant":
        colour = pillow_fill(img, fill)
        if img.mode == "P":
            palette = img.getpalette()
            img = ImageOps.expand(img, border=widths, fill=colour)
            img.putpalette(palette)
            return img
        return ImageOps.expand(img, border=widths, fill=colour)
    array = np.asarray(img)
    around = [(top, bottom), (left, right)] + [(0, 0)] * (array.ndim - 2)
    return Image.fromarray(np.pad(array, around, padding_mode))  # type: ignore[call-overload]


def pillow_fill(img: Any, fill: Any) -> Any:
    """A fill value as Pillow takes it: a number for each band."""
    bands = len(img.getbands())
    values = list(fill) if isinstance(fill, (list, tuple)) else [0 if fill is None else fill]
    if len(values) not in (1, bands):
        raise ValueError(
            f"fill: {len(values)} values do not fit an image of {bands} bands; give one number, or "
            "one for each band"
        )
    values = values if len(values) == bands else values * bands
    if img.mode != "F":
        values = [int(v) for v in values]
    return values[0] if bands == 1 else tuple(values)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The rectangle at (top, left); zeros where it lies outside the image."""
    if is_pillow(img):  # Pillow fills what lies outside with black
        return img.crop((left, top, left + width, top + height))
    H, W = size_of("crop", img)

    def change(x: np.ndarray) -> np.ndarray:
        inside = x[..., max(top, 0) : top + height, max(left, 0) : left + width]
        if inside.shape[-2:] == (height, width):
            return inside
        out = np.zeros((*x.shape[:-2], height, width), x.dtype)
        y0, x0 = max(-top, 0), max(-left, 0)
        out[..., y0 : y0 + inside.shape[-2], x0 : x0 + inside.shape[-1]] = inside
        return out

    return on_planes("crop", img, change)


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle; zeros around where the image is smaller. Halves round to even."""
    OH, OW = square("CenterCrop", output_size)
    if not is_pillow(img):
        judge_planes("CenterCrop", img)
    H, W = size_of("CenterCrop", img)
    return crop(img, _start(H, OH), _start(W, OW), OH, OW)


def _start(size: int, wanted: int) -> int:
    """Where the middle begins; negative where the image is too small."""
    return round((size - wanted) / 2.0) if size >= wanted else -((wanted - size) // 2)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """A rectangle, resized."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    if is_pillow(img):
        return img.transpose(0)  # Pillow's FLIP_LEFT_RIGHT
    return on_planes("hflip", img, lambda x: np.ascontiguousarray(x[..., ::-1]))


def vflip(img: Any) -> Any:
    """Top and bottom exchanged."""
    if is_pillow(img):
        return img.transpose(1)  # Pillow's FLIP_TOP_BOTTOM
    return on_planes("vflip", img, lambda x: np.ascontiguousarray(x[..., ::-1, :]))


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """(top left, top right, bottom left, bottom right, centre) of one size.

    Raises ValueError for a size larger than the image.
    """
    OH, OW = square("FiveCrop", size)
    H, W = size_of("FiveCrop", img)
    if OH > H or OW > W:
        raise ValueError(f"FiveCrop: the crop {(OH, OW)} is larger than the image {(H, W)}")
    corners = ((0, 0), (0, W - OW), (H - OH, 0), (H - OH, W - OW))
    parts = tuple(crop(img, top, left, OH, OW) for top, left in corners)
    return (*parts, center_crop(img, (OH, OW)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image and of its mirror image."""
    mirror = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirror, size)


def erase(
    img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False
) -> Any:  # fmt: skip
    """The rectangle at (i, j) of height h and width w set to v."""
    values = np.asarray(getattr(v, "array", v))

    def change(x: np.ndarray) -> np.ndarray:
        out = x if inplace else x.copy()
        out[..., i : i + h, j : j + w] = values
        return out

    out = on_planes("erase", img, change)
    return img if inplace else out
