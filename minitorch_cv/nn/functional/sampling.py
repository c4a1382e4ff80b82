"""Images looked up at places that are computed: the two halves of a spatial transformer."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...autograd.tape import apply, new_tensor
from ...autograd.tensor import Tensor
from ...backend.device import to_device
from ...ops.geometry import is_int
from ...ops.resize.grid_sample import OP as GRID_SAMPLE
from .judging import judge, judge_float


def grid_sample(
    input: Tensor,  # noqa: A002
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images at the places of a grid; −1 and 1 are the ends of an axis.

    Shapes: (N, C, H, W), (N, OH, OW, 2) → (N, C, OH, OW); (N, C, D, H, W), (N, OD, OH, OW, 3) →
    (N, C, OD, OH, OW). grid[…, 0] is the place along the width. mode: "bilinear", "nearest" or
    "bicubic"; padding_mode, for places outside: "zeros", "border" or "reflection".
    align_corners: ±1 are the centres of the outer pixels, not their edges.
    """
    if not (isinstance(input, Tensor) and isinstance(grid, Tensor)):
        judge("grid_sample", input=input, grid=grid)
    align_corners = _judge_corners("grid_sample", align_corners)
    return apply(
        GRID_SAMPLE, input, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    )


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The grid of an affine map, for `grid_sample`: the place θ · (x, y, 1) of every pixel.

    Shapes: theta (N, 2, 3), size (N, C, H, W) → (N, H, W, 2); theta (N, 3, 4), size (N, C, D, H, W)
    → (N, D, H, W, 3). align_corners: the centres of the outer pixels are at ±1, not their edges.
    """
    if not isinstance(theta, Tensor):
        judge("affine_grid", theta=theta)
    align_corners = _judge_corners("affine_grid", align_corners)
    judge_float("affine_grid", theta)
    if not isinstance(size, (tuple, list)) or not all(map(is_int, size)):
        raise TypeError(f"affine_grid: size is a tuple of ints (got {size!r})")
    n = len(size) - 2
    if n not in (2, 3) or tuple(theta.shape) != (size[0], n, n + 1):
        raise ValueError(
            f"affine_grid: theta is (N, 2, 3) with size (N, C, H, W), or (N, 3, 4) with "
            f"(N, C, D, H, W) (got theta {theta.shape}, size {tuple(size)})"
        )
    if min(size) < 1 and not (align_corners and min(size[2:]) == 1):
        raise ValueError(f"affine_grid: sizes are at least 1 (got {tuple(size)})")
    lines = [_line(S, align_corners) for S in size[2:]]
    axes = np.meshgrid(*lines, indexing="ij")  # each (D, H, W)
    points = np.stack([*axes[::-1], np.ones_like(axes[0])], axis=-1)  # (…, n + 1), width first
    flat = points.reshape(math.prod(size[2:]), n + 1).astype(theta.array.dtype)
    base = new_tensor(to_device(flat, theta.device))
    return (base @ theta.transpose(1, 2)).reshape(size[0], *size[2:], n)


def _line(S: int, align_corners: bool) -> np.ndarray:
    """Where the centres of S pixels lie between −1 and 1."""
    centres = (2 * np.arange(S) + 1) / S - 1
    return centres if not align_corners else np.linspace(-1, 1, S) if S > 1 else np.zeros(1)


def _judge_corners(op: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            f"{op}: align_corners was not given, and False is taken; pass align_corners=",
            stacklevel=3,
        )
        return False
    if not isinstance(align_corners, bool):
        raise TypeError(f"{op}: align_corners is True or False (got {align_corners!r})")
    return align_corners
