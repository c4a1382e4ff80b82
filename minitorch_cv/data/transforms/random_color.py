"""Colours changed and rectangles erased by chance. All draws come from the generator that
`manual_seed` seeds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...backend.random import default_generator
from . import color, geometry
from .images import channels_of, draw, draw_between, draw_int, draw_order, size_of

Range = tuple[float, float]


class RandomGrayscale:
    """Grey with probability p, in as many channels as the image has."""

    def __init__(self, p: float = 0.1) -> None:
        self.p = p

    def __call__(self, img: Any) -> Any:
        if draw() < self.p:
            return color.rgb_to_grayscale(img, channels_of("RandomGrayscale", img))
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ColorJitter:
    """Brightness, contrast, saturation and hue changed by random factors, in random order.

    brightness, contrast, saturation: the factor lies in 1 − b … 1 + b (not below 0), or in the
    range given; hue: in −h … h, or in the range given, at most −½ … ½.
    Raises ValueError for numbers outside, TypeError for what is neither a number nor a range.
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0,
        contrast: float | Sequence[float] = 0,
        saturation: float | Sequence[float] = 0,
        hue: float | Sequence[float] = 0,
    ) -> None:
        self.brightness = _range("brightness", brightness)
        self.contrast = _range("contrast", contrast)
        self.saturation = _range("saturation", saturation)
        self.hue = _range("hue", hue, 0.0, (-0.5, 0.5))

    @staticmethod
    def get_params(
        brightness: Range | None,
        contrast: Range | None,
        saturation: Range | None,
        hue: Range | None,
    ) -> tuple[Any, ...]:
        """(the order of the four changes, and a factor for each; None where it is not changed)."""
        ranges = (brightness, contrast, saturation, hue)
        order = draw_order(4)
        return order, *(None if r is None else draw_between(*r) for r in ranges)

    def __call__(self, img: Any) -> Any:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (
            color.adjust_brightness, color.adjust_contrast, color.adjust_saturation,
            color.adjust_hue,
        )  # fmt: skip
        for k in order:
            if factors[k] is not None:
                img = changes[k](img, factors[k])
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


def _range(
    name: str, value: Any, centre: float = 1.0, bounds: Range = (0.0, math.inf)
) -> Range | None:
    """The range of a factor; None where it can only be the one that changes nothing."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"ColorJitter: {name} must not be negative (got {value})")
        low, high = centre - float(value), centre + float(value)
        if name != "hue":
            low = max(low, 0.0)
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(f"ColorJitter: {name} is a number or two of them (got {value!r})")
    if not bounds[0] <= low <= high <= bounds[1]:
        raise ValueError(f"ColorJitter: {name} lies in {bounds} (got {(low, high)})")
    return None if low == high == centre else (low, high)


class RandomErasing:
    """With probability p, a random rectangle of planes (..., C, H, W) is set to `value`.

    scale: its share of the area; ratio: height to width; value: a number, one for each channel, or
    "random" for normal numbers. Where ten tries find no rectangle that fits, nothing is erased.
    Source: Z. Zhong et al., "Random erasing data augmentation", 2017.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Range = (0.02, 0.33),
        ratio: Range = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        if isinstance(value, str) and value != "random":
            raise ValueError(f"RandomErasing: value as text is 'random' (got {value!r})")
        if scale[0] < 0 or scale[1] > 1 or not 0 <= p <= 1:
            raise ValueError(f"RandomErasing: scale and p lie in 0 ... 1 (got {scale}, {p})")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("RandomErasing: scale and ratio are (min, max)", stacklevel=2)
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(
        img: Any, scale: Range, ratio: Range, value: Sequence[float] | None = None
    ) -> tuple[int, int, int, int, Any]:
        """(top, left, height, width, values); the whole image and itself where none fits."""
        H, W = size_of("RandomErasing", img)
        C = channels_of("RandomErasing", img)
        low, high = math.log(ratio[0]), math.log(ratio[1])
        for _ in range(10):
            area = H * W * draw_between(*scale)
            aspect = math.exp(draw_between(low, high))
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if h < H and w < W:
                v = default_generator.randn((C, h, w))
                if value is not None:
                    v = np.asarray(value)[:, None, None]
                return draw_int(0, H - h + 1), draw_int(0, W - w + 1), h, w, v
        return 0, 0, H, W, img

    def __call__(self, img: Any) -> Any:
        if draw() >= self.p:
            return img
        value: list[float] | None = None
        if not isinstance(self.value, str):
            several = isinstance(self.value, (list, tuple))
            value = [float(v) for v in (self.value if several else [self.value])]
            if len(value) not in (1, channels_of("RandomErasing", img)):
                raise ValueError(
                    f"RandomErasing: {len(value)} values do not fit the image's channels; give one "
                    "number, or one for each channel"
                )
        place = self.get_params(img, self.scale, self.ratio, value)
        return geometry.erase(img, *place, self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )
