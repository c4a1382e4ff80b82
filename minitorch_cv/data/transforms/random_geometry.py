"""Images cropped, flipped and turned by chance. All draws come from the generator that
`manual_seed` seeds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from . import geometry, warp
from .images import draw, draw_between, draw_int, size_of, square
from .modes import InterpolationMode, mode_of

Range = tuple[float, float]


class RandomHorizontalFlip:
    """Left and right exchanged with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, img: Any) -> Any:
        return geometry.hflip(img) if draw() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged with probability p."""

    def __call__(self, img: Any) -> Any:
        return geometry.vflip(img) if draw() < self.p else img


class RandomCrop:
    """A rectangle of one size at a random place.

    size: (height, width), or an int for both; padding: a border added first (see `Pad`);
    pad_if_needed: where the image is still smaller, it is padded on both sides by what is missing.
    Raises ValueError for an image that is smaller than the crop.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size, self.padding, self.pad_if_needed = (
            square("RandomCrop", size),
            padding,
            pad_if_needed,
        )
        self.fill, self.padding_mode = fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random place."""
        (H, W), (OH, OW) = size_of("RandomCrop", img), output_size
        if OH > H or OW > W:
            raise ValueError(
                f"RandomCrop: the crop {output_size} is larger than the image {(H, W)}; use "
                "padding, or pad_if_needed=True"
            )
        if (OH, OW) == (H, W):
            return 0, 0, H, W
        return draw_int(0, H - OH + 1), draw_int(0, W - OW + 1), OH, OW

    def __call__(self, img: Any) -> Any:
        extra = (self.fill, self.padding_mode)
        if self.padding is not None:
            img = geometry.pad(img, self.padding, *extra)
        H, W = size_of("RandomCrop", img)
        OH, OW = self.size
        if self.pad_if_needed and W < OW:
            img = geometry.pad(img, [OW - W, 0], *extra)
        if self.pad_if_needed and H < OH:
            img = geometry.pad(img, [0, OH - H], *extra)
        return geometry.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomResizedCrop:
    """A rectangle of random area and shape, resized.

    scale: its share of the area; ratio: width to height. Where ten tries find none that fits, the
    largest middle of an allowed shape is taken.
    Source: C. Szegedy et al., "Going deeper with convolutions", 2014, section 6.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Range = (0.08, 1.0),
        ratio: Range = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("RandomResizedCrop: scale and ratio are (min, max)", stacklevel=2)
        self.size, self.scale, self.ratio = square("RandomResizedCrop", size), scale, ratio
        self.interpolation = mode_of("RandomResizedCrop", interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img: Any, scale: Range, ratio: Range) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random rectangle."""
        H, W = size_of("RandomResizedCrop", img)
        low, high = math.log(ratio[0]), math.log(ratio[1])
        for _ in range(10):
            area = H * W * draw_between(*scale)
            aspect = math.exp(draw_between(low, high))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= W and 0 < h <= H:
                return draw_int(0, H - h + 1), draw_int(0, W - w + 1), h, w
        h, w = H, W
        if min(ratio) > W / H:
            h = round(W / min(ratio))
        elif max(ratio) < W / H:
            w = round(H * max(ratio))
        return (H - h) // 2, (W - w) // 2, h, w

    def __call__(self, img: Any) -> Any:
        place = self.get_params(img, self.scale, self.ratio)
        return geometry.resized_crop(img, *place, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in r) for r in (self.scale, self.ratio))
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class RandomRotation:
    """Turned by a random angle of −degrees … degrees, or of the range given.

    expand, center, fill: see `functional.rotate`.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[int] | None = None,
        fill: Any = 0,
    ) -> None:
        self.degrees = list(_symmetric("RandomRotation: degrees", degrees))
        self.interpolation = mode_of("RandomRotation", interpolation)
        self.expand, self.center, self.fill = expand, center, fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return draw_between(degrees[0], degrees[1])

    def __call__(self, img: Any) -> Any:
        angle = self.get_params(self.degrees)
        return warp.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        fill = "" if self.fill is None else f", fill={self.fill}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}{center}{fill})"
        )


class RandomAffine:
    """Turned, moved, scaled and sheared by random amounts around the centre.

    degrees: as in `RandomRotation`; translate: the largest shares (of the width, of the height);
    scale: a range of factors; shear: degrees along x, or a range, or ranges along x and y.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Range | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[int] | None = None,
    ) -> None:
        self.degrees = list(_symmetric("RandomAffine: degrees", degrees))
        self.translate, self.scale, self.fill, self.center = translate, scale, fill, center
        self.interpolation = mode_of("RandomAffine", interpolation)
        if translate is not None and not all(0 <= t <= 1 for t in translate):
            raise ValueError(f"RandomAffine: translate lies in 0 ... 1 (got {translate})")
        if scale is not None and min(scale) <= 0:
            raise ValueError(f"RandomAffine: scale must be positive (got {scale})")
        self.shear = None if shear is None else list(_symmetric("RandomAffine: shear", shear, 4))

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Range | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """(angle, (x, y) moved, factor, (x, y) sheared); img_size is (width, height)."""
        angle = draw_between(degrees[0], degrees[1])
        dx = dy = 0
        if translate is not None:
            dx, dy = (
                round(draw_between(-share * size, share * size))
                for share, size in zip(translate, img_size, strict=True)
            )
        scale = 1.0 if scale_ranges is None else draw_between(*scale_ranges)
        sx = 0.0 if shears is None else draw_between(shears[0], shears[1])
        sy = draw_between(shears[2], shears[3]) if shears is not None and len(shears) == 4 else 0.0
        return angle, (dx, dy), scale, (sx, sy)

    def __call__(self, img: Any) -> Any:
        H, W = size_of("RandomAffine", img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, (W, H))
        return warp.affine(img, *drawn, self.interpolation, self.fill, self.center)

    def __repr__(self) -> str:
        words = [f"degrees={self.degrees}"]
        for name in ("translate", "scale", "shear"):
            if getattr(self, name) is not None:
                words.append(f"{name}={getattr(self, name)}")
        if self.interpolation is not InterpolationMode.NEAREST:
            words.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            words.append(f"fill={self.fill}")
        if self.center is not None:
            words.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(words)})"


def _symmetric(name: str, value: Any, most: int = 2) -> tuple[float, ...]:
    """A range: −value … value of a number, else the 2 (or `most`) numbers given."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"{name} as one number must not be negative (got {value})")
        return (-float(value), float(value))
    if len(value) not in (2, most):
        raise ValueError(f"{name} is a number or {most} of them at most (got {value})")
    return tuple(float(v) for v in value)
