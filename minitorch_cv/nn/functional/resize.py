"""Images, signals and volumes in another size: interpolation, and pixels made out of channels."""

from __future__ import annotations

import math
import warnings
from numbers import Real
from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.geometry import is_int
from ...ops.resize.interpolate import OP as INTERPOLATE
from . import adaptive_pooling
from .judging import judge


def interpolate(
    input: Tensor,  # noqa: A002
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Brings (N, C, …) with 1, 2 or 3 further axes to another size.

    size: the sizes wanted, or one for all axes; else scale_factor: ⌊S · scale_factor⌋ elements.
    mode: "nearest", "nearest-exact", "linear" (3-d input), "bilinear", "bicubic", "lanczos" (4-d),
    "trilinear" (5-d) or "area" (means, as adaptive_avg_pool). align_corners: the centres of the
    corners keep their places. recompute_scale_factor: the steps follow from the sizes and not from
    scale_factor. antialias: filters before shrinking.
    """
    if not isinstance(input, Tensor):
        judge("interpolate", input=input)
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            f"interpolate: mode {mode!r} knows no align_corners (got {align_corners}); leave it out"
        )
    sizes, scales = _sizes(input, size, scale_factor)
    if recompute_scale_factor or mode == "area":
        if recompute_scale_factor and scales is None:
            raise ValueError("interpolate: recompute_scale_factor is for scale_factor (got size)")
        scales = None
    if mode == "area" and not antialias and input.ndim in (3, 4, 5):
        return getattr(adaptive_pooling, f"adaptive_avg_pool{input.ndim - 2}d")(input, sizes)
    return apply(
        INTERPOLATE, input, size=sizes, scale_factor=scales, mode=mode,
        align_corners=bool(align_corners), antialias=bool(antialias),
    )  # fmt: skip


def _sizes(
    x: Tensor, size: Any, scale_factor: Any
) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """(the sizes of the output, the factors where they were given)."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"interpolate: pass size or scale_factor, one of them (got size={size}, "
            f"scale_factor={scale_factor})"
        )
    name, value = ("size", size) if scale_factor is None else ("scale_factor", scale_factor)
    n = x.ndim - 2
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    if len(given) != n:
        raise ValueError(
            f"interpolate: {name} has a number for each of the {n} axes after (N, C) (got "
            f"{value!r} for input {x.shape})"
        )
    if scale_factor is None:
        sizes = tuple(int(v) if _whole(v) else v for v in given)
        if not all(map(is_int, sizes)):
            raise TypeError(f"interpolate: size is an int or a tuple of ints (got {size!r})")
        return sizes, None
    if not all(isinstance(v, Real) for v in given):
        raise TypeError(f"interpolate: scale_factor is a number or a tuple (got {scale_factor!r})")
    if not all(map(math.isfinite, given)):
        raise ValueError(f"interpolate: scale_factor is finite (got {scale_factor!r})")
    scales = tuple(map(float, given))
    return tuple(int(S * s) for S, s in zip(x.shape[2:], scales, strict=True)), scales


def _whole(value: Any) -> bool:
    """True for a Tensor with one integer."""
    return isinstance(value, Tensor) and value.ndim == 0 and value.array.dtype.kind in "iu"


def upsample(
    input: Tensor,  # noqa: A002
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The old name of `interpolate`."""
    _old("upsample", input)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor,  # noqa: A002
    size: Any = None,
    scale_factor: Any = None,
) -> Tensor:
    """The old name of `interpolate(..., mode="nearest")`."""
    _old("upsample_nearest", input)
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(
    input: Tensor,  # noqa: A002
    size: Any = None,
    scale_factor: Any = None,
) -> Tensor:
    """The old name of `interpolate(..., mode="bilinear", align_corners=True)`."""
    _old("upsample_bilinear", input)
    return interpolate(input, size, scale_factor, "bilinear", True)


def _old(name: str, input: Any) -> None:  # noqa: A002
    judge(name, input=input)
    warnings.warn(f"{name}: an old name; use interpolate instead", stacklevel=3)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:  # noqa: A002
    """Each group of r² channels becomes r × r pixels: (…, C·r², H, W) → (…, C, H·r, W·r)."""
    r = _factor("pixel_shuffle", input, "upscale_factor", upscale_factor)
    *lead, channels, H, W = input.shape
    if channels % (r * r):
        raise ValueError(
            f"pixel_shuffle: the channels are divisible by upscale_factor² = {r * r} (got shape "
            f"{input.shape})"
        )
    C, n = channels // (r * r), len(lead)
    y = input.reshape(*lead, C, r, r, H, W)
    y = y.permute(*range(n + 1), n + 3, n + 1, n + 4, n + 2)  # (…, C, H, r, W, r)
    return y.reshape(*lead, C, H * r, W * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:  # noqa: A002
    """Each r × r pixels become r² channels: (…, C, H·r, W·r) → (…, C·r², H, W)."""
    r = _factor("pixel_unshuffle", input, "downscale_factor", downscale_factor)
    *lead, C, height, width = input.shape
    if height % r or width % r:
        raise ValueError(
            f"pixel_unshuffle: height and width are divisible by downscale_factor = {r} (got shape "
            f"{input.shape})"
        )
    H, W, n = height // r, width // r, len(lead)
    y = input.reshape(*lead, C, H, r, W, r)
    y = y.permute(*range(n + 1), n + 2, n + 4, n + 1, n + 3)  # (…, C, r, r, H, W)
    return y.reshape(*lead, C * r * r, H, W)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:  # noqa: A002
    """Deals the channels out anew: the first of each group, then the second of each, …"""
    groups = _factor("channel_shuffle", input, "groups", groups)
    N, C, *sizes = input.shape
    if C % groups:
        raise ValueError(
            f"channel_shuffle: the channels are divisible by groups = {groups} (got shape "
            f"{input.shape})"
        )
    y = input.reshape(N, groups, C // groups, *sizes).transpose(1, 2)  # (N, C/G, G, …)
    return y.reshape(N, C, *sizes)


def _factor(op: str, x: Tensor, name: str, value: Any) -> int:
    if not isinstance(x, Tensor):
        judge(op, input=x)
    if not is_int(value):
        raise TypeError(f"{op}: {name} is an int (got {value!r})")
    if value < 1:
        raise ValueError(f"{op}: {name} is at least 1 (got {value})")
    if x.ndim < 3:
        raise ValueError(f"{op}: input has at least 3 axes (got shape {x.shape})")
    return int(value)
