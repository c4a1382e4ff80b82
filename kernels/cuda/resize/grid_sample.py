"""grid_sample on the GPU: grid_sample.cu, forward, on images of two axes in float32.

The gradient is the reference path's. That of the grid could be gathered, but that of x goes to
pixels that only the numbers of the grid know: scatter_add (shape/scatter_add.cu) adds it up there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..launch import Source, device_of, is_on_device, launch
from ..planes import over_planes

KERNELS = Source("resize/grid_sample.cu")
_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}  # as in grid_sample.cu
_MOST_PIXELS = 2**30


def supports(x: Any, grid: Any, **_: Any) -> bool:
    if not is_on_device(x, grid) or x.dtype != np.float32 or grid.dtype != np.float32:
        return False
    return x.ndim == 4 and x.size > 0 and grid.size > 0 and x.shape[2] * x.shape[3] < _MOST_PIXELS


def forward(
    x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool
) -> tuple[Any, tuple[Any, ...]]:
    gpu, (N, C, H, W), (OH, OW) = device_of(x), x.shape, grid.shape[1:3]
    xp, Q = gpu.namespace, OH * OW
    y = gpu.empty((N, C, OH, OW), np.float32)
    first, slopes = gpu.empty((2, N, 1, Q), np.int64), gpu.empty((2, N, 1, Q), np.float32)
    given = (xp.ascontiguousarray(x), xp.ascontiguousarray(grid), y, first, slopes)
    sizes, block = over_planes(N * Q, C)
    numbers = (N, C, H, W, Q, _PADDINGS[padding_mode], bool(align_corners))
    launch(KERNELS, f"grid_sample_{mode}", sizes, block, (*given, *numbers))
    kept = (x, grid, (first[0], first[1]), (slopes[0], slopes[1]), mode, padding_mode)
    return y, (*kept, align_corners)
