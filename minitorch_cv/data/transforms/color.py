"""Brightness, contrast, saturation, hue and grey: Pillow images by Pillow's own rules, planes by
the same formulas on numbers (bytes are cut, not rounded).

Sources: Pillow's ImageEnhance; A. R. Smith, "Color gamut transform pairs", 1978 (HSV); the weights
of grey are ITU-R BT.601's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .images import channels_of, is_pillow, on_planes


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Grey, in 1 or 3 equal channels: 0.2989 R + 0.587 G + 0.114 B.

    Raises ValueError for another number of channels, in or out.
    """
    if num_output_channels not in (1, 3):
        raise ValueError(f"Grayscale: num_output_channels is 1 or 3 (got {num_output_channels})")
    if is_pillow(img):
        grey = img.convert("L")
        if num_output_channels == 1:
            return grey
        from PIL import Image

        return Image.merge("RGB", (grey, grey, grey))
    _judge_channels("Grayscale", img)

    def change(x: np.ndarray) -> np.ndarray:
        grey = _grey(x)
        return np.repeat(grey, 3, axis=-3) if num_output_channels == 3 else grey

    return on_planes("Grayscale", img, change, axes=3)


to_grayscale = rgb_to_grayscale


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Mixed with black: 0 is black, 1 the image, 2 twice as bright."""
    _judge_factor("adjust_brightness", brightness_factor)
    if is_pillow(img):
        return _enhanced("Brightness", img, brightness_factor)
    _judge_channels("adjust_brightness", img)
    return on_planes(
        "adjust_brightness", img, lambda x: _blend(x, np.zeros_like(x), brightness_factor), axes=3
    )


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Mixed with its mean grey: 0 is all grey, 1 the image."""
    _judge_factor("adjust_contrast", contrast_factor)
    if is_pillow(img):
        return _enhanced("Contrast", img, contrast_factor)
    _judge_channels("adjust_contrast", img)

    def change(x: np.ndarray) -> np.ndarray:
        kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        mean = _grey(x).astype(kind).mean(axis=(-3, -2, -1), keepdims=True, dtype=kind)
        return _blend(x, mean, contrast_factor)

    return on_planes("adjust_contrast", img, change, axes=3)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Mixed with its own grey: 0 is grey, 1 the image, 2 twice as colourful."""
    _judge_factor("adjust_saturation", saturation_factor)
    if is_pillow(img):
        return _enhanced("Color", img, saturation_factor)
    if _judge_channels("adjust_saturation", img) == 1:
        return img
    return on_planes(
        "adjust_saturation", img, lambda x: _blend(x, _grey(x), saturation_factor), axes=3
    )


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The colour circle turned by hue_factor of its circumference, −½ … ½."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: hue_factor lies in -0.5 ... 0.5 (got {hue_factor})")
    if is_pillow(img):
        return _turned_pillow(img, hue_factor)
    if _judge_channels("adjust_hue", img) == 1:
        return img

    def change(x: np.ndarray) -> np.ndarray:
        kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        h, s, v = _hsv(convert(x, kind))
        return convert(_rgb(np.mod(h + kind.type(hue_factor), kind.type(1)), s, v), x.dtype)

    return on_planes("adjust_hue", img, change, axes=3)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain · x^gamma for values in 0 … 1 (bytes: 0 … 255, cut)."""
    if gamma < 0:
        raise ValueError(f"adjust_gamma: gamma must not be negative (got {gamma})")
    if is_pillow(img):
        mode = img.mode
        table = [int((255 + 1 - 1e-3) * gain * (v / 255.0) ** gamma) for v in range(256)] * 3
        return img.convert("RGB").point(table).convert(mode)

    def change(x: np.ndarray) -> np.ndarray:
        kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        return convert(np.clip(gain * convert(x, kind) ** gamma, 0, 1).astype(kind), x.dtype)

    return on_planes("adjust_gamma", img, change, axes=3)


def convert(x: np.ndarray, dtype: Any) -> np.ndarray:
    """An array in another dtype, scaled (see `convert_image_dtype`)."""
    from .convert import convert_image_dtype

    return convert_image_dtype(x, dtype)


def _judge_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name}: the factor must not be negative (got {factor})")


def _judge_channels(name: str, img: Any) -> int:
    C = channels_of(name, img)
    if C not in (1, 3):
        raise ValueError(f"{name}: expects 1 or 3 channels (got {C})")
    return C


def _enhanced(kind: str, img: Any, factor: float) -> Any:
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def _turned_pillow(img: Any, hue_factor: float) -> Any:
    from PIL import Image

    if img.mode in ("L", "1", "I", "F"):
        return img
    h, s, v = img.convert("HSV").split()
    turned = np.asarray(h) + np.int32(hue_factor * 255).astype(np.uint8)  # bytes wrap around
    hsv = Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), s, v))
    return hsv.convert(img.mode)


def _blend(x: np.ndarray, y: np.ndarray, ratio: float) -> np.ndarray:
    most = 1.0 if x.dtype.kind == "f" else float(np.iinfo(x.dtype).max)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
    mixed = kind.type(ratio) * x.astype(kind) + kind.type(1.0 - ratio) * y.astype(kind)
    return np.clip(mixed, 0, most).astype(x.dtype)


def _grey(x: np.ndarray) -> np.ndarray:
    """(..., 1, H, W) of the same dtype."""
    if x.shape[-3] == 1:
        return x
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
    r, g, b = (x[..., k, :, :].astype(kind) for k in range(3))
    grey = kind.type(0.2989) * r + kind.type(0.587) * g + kind.type(0.114) * b
    return grey.astype(x.dtype)[..., None, :, :]


def _hsv(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue, saturation and value in 0 … 1 of planes (..., 3, H, W)."""
    r, g, b = (x[..., k, :, :] for k in range(3))
    high, low = x.max(axis=-3), x.min(axis=-3)
    grey = high == low
    spread = np.where(grey, 1, high - low)
    s = (high - low) / np.where(grey, 1, high)
    dr, dg, db = ((high - c) / spread for c in (r, g, b))
    red, green = high == r, (high == g) & (high != r)
    h = np.where(red, db - dg, np.where(green, 2.0 + dr - db, 4.0 + dg - dr))
    return np.fmod(h / 6.0 + 1.0, 1.0).astype(x.dtype), s.astype(x.dtype), high


def _rgb(h: np.ndarray, s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Planes (..., 3, H, W) of hue, saturation and value."""
    i = np.floor(h * 6)
    f = h * 6 - i
    p, q, t = (np.clip(v * (1 - k), 0, 1) for k in (s, s * f, s * (1 - f)))
    sector = i.astype(np.int32) % 6
    r = np.choose(sector, (v, q, p, p, t, v))
    g = np.choose(sector, (t, v, v, q, p, p))
    b = np.choose(sector, (p, p, t, v, v, q))
    return np.stack((r, g, b), axis=-3).astype(v.dtype)
