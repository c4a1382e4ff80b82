"""roi_pool on the GPU: roi_pool.cu, in float32. Values and indices equal the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..conv.im2col import axes
from ..launch import THREADS, Source, blocks_for, device_of, launch
from .regions import grid_of_tiles, supported

KERNELS = Source("roi/roi_pool.cu")


def supports(x: Any, boxes: Any, index: Any, *, output_size: Any, **_: Any) -> bool:
    return supported(x, boxes, index, output_size)


def forward(
    x: Any, boxes: Any, index: Any, *, output_size: Any, spatial_scale: float = 1.0
) -> tuple[Any, tuple[Any, ...]]:
    gpu, (N, C, H, W), (OH, OW), R = device_of(x), x.shape, axes(output_size, 2), len(boxes)
    image, corners, numbers = map(gpu.namespace.ascontiguousarray, (x, boxes, index))
    spans = gpu.empty((R, OH + OW, 2), np.int32)
    sizes = (R, H, W, OH, OW, float(spatial_scale))
    blocks = blocks_for(R * (OH + OW))
    launch(KERNELS, "roi_pool_spans", blocks, THREADS, (corners, spans, *sizes))
    y = gpu.empty((R, C, OH, OW), np.float32)
    indices = gpu.empty(y.shape, np.int32)
    given = (image, numbers, spans, y, indices, N, R, C, H, W, OH, OW)
    launch(KERNELS, "roi_pool_forward", blocks_for(y.size), THREADS, given)
    return y, (indices, index, x.shape, spans)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if saved.spans is None:
        return NotImplemented
    if not needs[0]:
        return None, None, None
    gpu, (N, C, H, W), (R, _, OH, OW) = device_of(gy), saved.shape, gy.shape
    gx = gpu.empty(saved.shape, np.float32)
    g, numbers = map(gpu.namespace.ascontiguousarray, (gy, saved.index))
    given = (g, saved.indices, numbers, saved.spans, gx, R, N, C, H, W, OH, OW)
    launch(KERNELS, "roi_pool_backward", grid_of_tiles(gx.shape), THREADS, given)
    return gx, None, None
