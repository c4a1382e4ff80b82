"""roi_align on the GPU: roi_align.cu, in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..conv.im2col import axes
from ..launch import THREADS, Source, blocks_for, device_of, launch
from .regions import grid_of_tiles, supported

KERNELS = Source("roi/roi_align.cu")


def supports(
    x: Any, boxes: Any, index: Any, *, output_size: Any, sampling_ratio: int = -1, **_: Any
) -> bool:
    return supported(x, boxes, index, output_size) and sampling_ratio < 2**24


def forward(
    x: Any, boxes: Any, index: Any, *, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1, aligned: bool = False,
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    gpu, (N, C, H, W), (OH, OW), R = device_of(x), x.shape, axes(output_size, 2), len(boxes)
    image, corners, numbers = map(gpu.namespace.ascontiguousarray, (x, boxes, index))
    rows, columns = gpu.empty((R, OH, H), np.float32), gpu.empty((R, OW, W), np.float32)
    spans = gpu.empty((R, OH + OW, 2), np.int32)
    sizes = (R, H, W, OH, OW, float(spatial_scale), max(int(sampling_ratio), 0), bool(aligned))
    blocks = blocks_for(R * (OH + OW))
    launch(KERNELS, "roi_align_shares", blocks, THREADS, (corners, rows, columns, spans, *sizes))
    y = gpu.empty((R, C, OH, OW), np.float32)
    given = (image, numbers, rows, columns, spans, y, N, R, C, H, W, OH, OW)
    launch(KERNELS, "roi_align_forward", blocks_for(y.size), THREADS, given)
    return y, (rows, columns, index, N, spans)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if saved.spans is None:
        return NotImplemented
    if not needs[0]:
        return None, None, None
    gpu, (R, C, OH, OW), rows, columns = device_of(gy), gy.shape, saved.rows, saved.columns
    N, H, W = saved.images, rows.shape[2], columns.shape[2]
    gx = gpu.empty((N, C, H, W), np.float32)
    g, numbers = map(gpu.namespace.ascontiguousarray, (gy, saved.index))
    given = (g, numbers, rows, columns, saved.spans, gx, R, N, C, H, W, OH, OW)
    launch(KERNELS, "roi_align_backward", grid_of_tiles(gx.shape), THREADS, given)
    return gx, None, None
