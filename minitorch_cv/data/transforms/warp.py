"""Turning, scaling and shearing: an affine map of the plane, read off backward.

The output pixel at p (from the image's centre, in pixels) takes the value at the source position
M p, where M is the inverse of the map. Pillow does it for Pillow images, this file for planes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .geometry import pillow_fill
from .images import channels_of, fill_of, is_pillow, on_planes, size_of
from .modes import InterpolationMode, mode_of, pillow_mode

Matrix = tuple[float, float, float, float, float, float]  # x' = a x + b y + c, y' = d x + e y + f


def inverse_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
) -> Matrix:
    """The map from output to source positions of: shear, scale and turn clockwise (degrees) around
    the centre, then translate."""
    turn, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    # The forward map is R(turn) · SHy · SHx, of determinant 1; its inverse swaps the diagonal.
    a = math.cos(turn - sy) / math.cos(sy)
    b = -a * math.tan(sx) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -c * math.tan(sx) + math.cos(turn)
    p, q, r, s = d / scale, -b / scale, -c / scale, a / scale
    x, y = -center[0] - translate[0], -center[1] - translate[1]
    return (p, q, p * x + q * y + center[0], r, s, r * x + s * y + center[1])


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[int] | None = None,
    fill: Any = None,
) -> Any:
    """Turned counter-clockwise by `angle` degrees.

    expand: make the image large enough to hold all of it; center: (x, y) from the upper left corner
    (default: the middle); fill: the value where nothing was.
    """
    mode = _judged("rotate", img, interpolation)
    if is_pillow(img):
        colour = pillow_fill(img, fill)
        return img.rotate(angle, pillow_mode(mode), expand, center, fillcolor=colour)
    H, W = size_of("rotate", img)
    middle = _from_middle(center, H, W)
    matrix = inverse_matrix(middle, -angle, (0, 0), 1.0, (0, 0))
    size = _expanded(matrix, H, W) if expand else (H, W)
    return _planes("rotate", img, matrix, size, mode, fill)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[int] | None = None,
) -> Any:
    """Turned clockwise, moved by (x, y) pixels, scaled, and sheared by (x, y) degrees.

    Raises ValueError for a scale that is not positive.
    """
    mode = _judged("affine", img, interpolation)
    if scale <= 0:
        raise ValueError(f"affine: scale must be positive (got {scale})")
    sheared = (shear, 0.0) if isinstance(shear, (int, float)) else tuple(shear)
    sheared = sheared * 2 if len(sheared) == 1 else sheared
    H, W = size_of("affine", img)
    if is_pillow(img):
        middle = (W * 0.5, H * 0.5) if center is None else center
        matrix = inverse_matrix(middle, angle, translate, scale, sheared)
        colour = pillow_fill(img, fill)
        return img.transform((W, H), 0, matrix, pillow_mode(mode), fillcolor=colour)  # 0: affine
    matrix = inverse_matrix(_from_middle(center, H, W), angle, translate, scale, sheared)
    return _planes("affine", img, matrix, (H, W), mode, fill)


def _judged(name: str, img: Any, interpolation: Any) -> InterpolationMode:
    mode = mode_of(name, interpolation)
    if mode.value not in ("nearest", "bilinear") and not is_pillow(img):
        raise ValueError(f"{name}: planes are read nearest or bilinear (got {mode})")
    return mode


def _from_middle(center: Sequence[int] | None, H: int, W: int) -> tuple[float, float]:
    return (0.0, 0.0) if center is None else (center[0] - W * 0.5, center[1] - H * 0.5)


def _expanded(matrix: Matrix, H: int, W: int) -> tuple[int, int]:
    """The size that holds all four corners; sums within 1e-4 of a whole number are that number."""
    corners = np.array([[x * W, y * H, 1] for x in (-0.5, 0.5) for y in (-0.5, 0.5)], np.float32)
    rows = np.array(matrix, np.float32).reshape(2, 3)
    places = corners @ rows.T + np.array([W * 0.5, H * 0.5], np.float32)
    cut = np.trunc(places / 1e-4) * 1e-4
    width, height = np.ceil(cut.max(axis=0)) - np.floor(cut.min(axis=0))
    return int(height), int(width)


def _planes(
    name: str, img: Any, matrix: Matrix, size: tuple[int, int], mode: InterpolationMode, fill: Any
) -> Any:
    C = channels_of(name, img)

    def change(x: np.ndarray) -> np.ndarray:
        dtype = x.dtype if x.dtype in (np.float32, np.float64) else np.dtype(np.float32)
        u, v = _sources(matrix, size, x.shape[-2:], dtype)
        read = _nearest if mode is InterpolationMode.NEAREST else _bilinear
        values, inside = read(x.astype(dtype), u, v)
        out = values
        if fill is not None:  # as torchvision: what lies half outside is weakened a second time
            out = values * inside + (1 - inside) * fill_of(fill, C)
        return (np.rint(out) if x.dtype.kind in "iu" else out).astype(x.dtype)

    return on_planes(name, img, change)


def _sources(
    matrix: Matrix, size: tuple[int, int], shape: tuple[int, ...], dtype: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Column and row in the source of each output pixel, both (OH, OW).

    They pass through −1 … 1, as in torchvision, so that rounding falls to the same side.
    """
    (OH, OW), (H, W) = size, shape
    x = (np.arange(OW, dtype=dtype) - dtype.type(OW * 0.5 - 0.5))[None, :]
    y = (np.arange(OH, dtype=dtype) - dtype.type(OH * 0.5 - 0.5))[:, None]
    m = np.array(matrix, dtype)
    half_w, half_h = dtype.type(0.5 * W), dtype.type(0.5 * H)
    u = x * (m[0] / half_w) + y * (m[1] / half_w) + m[2] / half_w
    v = x * (m[3] / half_h) + y * (m[4] / half_h) + m[5] / half_h
    return ((u + 1) * dtype.type(W) - 1) / 2, ((v + 1) * dtype.type(H) - 1) / 2


def _at(x: np.ndarray, i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x[..., i, j] with zeros outside, and which of them lie inside."""
    H, W = x.shape[-2:]
    inside = (i >= 0) & (i < H) & (j >= 0) & (j < W)
    values = x[..., np.clip(i, 0, H - 1), np.clip(j, 0, W - 1)]
    return values * inside, inside.astype(x.dtype)


def _nearest(x: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _at(x, np.rint(v).astype(np.int64), np.rint(u).astype(np.int64))


def _bilinear(x: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    j, i = np.floor(u), np.floor(v)
    du, dv = u - j, v - i
    values: Any = 0
    inside: Any = 0
    for below, weight_v in ((0, 1 - dv), (1, dv)):
        for right, weight_u in ((0, 1 - du), (1, du)):
            part, there = _at(x, i.astype(np.int64) + below, j.astype(np.int64) + right)
            values = values + part * (weight_v * weight_u)
            inside = inside + there * (weight_v * weight_u)
    return values, inside
