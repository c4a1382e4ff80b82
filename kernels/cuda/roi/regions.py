"""What roi_pool and roi_align share: which arguments kernels take, and how backward is launched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..conv.im2col import axes
from ..launch import THREADS, blocks_for, is_on_device
from ..planes import MOST_PIXELS, MOST_PLANES

_TILE, _CHANNELS = (4, 8), 8  # of a warp in backward, as in the .cu files


def supported(x: Any, boxes: Any, index: Any, output_size: Any) -> bool:
    """float32 arrays with something in each axis; what is divided has 32 bits."""
    if not is_on_device(x, boxes, index) or x.dtype != np.float32 or boxes.dtype != np.float32:
        return False
    bins = axes(output_size, 2)
    if 0 in (*x.shape, len(boxes), *bins):
        return False
    sizes = (x.shape[:2], x.shape[2:], bins)
    return max(map(math.prod, sizes)) < MOST_PIXELS


def grid_of_tiles(shape: tuple[int, ...]) -> tuple[int, int]:
    """Blocks along x with a warp for each tile of gx, along y for some channels of each image."""
    N, C, H, W = shape
    tiles = math.prod(-(-size // step) for size, step in zip((H, W), _TILE, strict=True))
    return blocks_for(tiles, THREADS // 32), min(N * -(-C // _CHANNELS), MOST_PLANES)
