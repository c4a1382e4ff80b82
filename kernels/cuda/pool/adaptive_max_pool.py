"""adaptive_max_pool on the GPU: adaptive_max_pool.cu, for one or two axes in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch
from ..planes import MOST_PIXELS, over_bands, over_planes

KERNELS = Source("pool/adaptive_max_pool.cu")


def supports(x: Any, *, output_size: Any) -> bool:
    if not is_on_device(x) or x.dtype != np.float32 or not 3 <= x.ndim <= 4:
        return False
    return max(math.prod(x.shape[2:]), math.prod(_counts(x, output_size))) < MOST_PIXELS


def forward(x: Any, *, output_size: Any) -> tuple[tuple[Any, Any], tuple[Any, ...]]:
    gpu, size, counts = device_of(x), tuple(x.shape[2:]), _counts(x, output_size)
    y = gpu.empty((*x.shape[:2], *counts), np.float32)
    indices = gpu.empty(y.shape, np.int64)
    image, planes = gpu.namespace.ascontiguousarray(x), math.prod(x.shape[:2])
    if y.size and math.prod(counts) == 1:
        blocks = blocks_for(planes, THREADS // 32)
        launch(KERNELS, "plane_max", blocks, THREADS, (image, y, indices, planes, math.prod(size)))
    elif y.size:
        grid, block = over_planes(math.prod(counts), planes)
        given = (image, y, indices, planes, *_image(size, counts))
        launch(KERNELS, "adaptive_max_pool_forward", grid, block, given)
    return (y, indices), (indices, size)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if len(saved.size) > 2:
        return NotImplemented
    if not needs[0]:
        return (None,)
    gpu = device_of(gy)
    gx = gpu.empty((*gy.shape[:2], *saved.size), np.float32)
    if gx.size:
        planes = math.prod(gy.shape[:2])
        grid, block = over_bands(saved.size, planes)
        given = (gpu.namespace.ascontiguousarray(gy), saved.indices, gx, planes)
        sizes = _image(saved.size, gy.shape[2:])
        launch(KERNELS, "adaptive_max_pool_backward", grid, block, (*given, *sizes))
    return (gx,)


def _counts(x: Any, output_size: Any) -> tuple[int, ...]:
    """How many windows lie along each axis; None: as many as pixels."""
    n = x.ndim - 2
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    return tuple(own if m is None else int(m) for m, own in zip(wanted, x.shape[2:], strict=True))


def _image(size: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    """(H, W, OH, OW); a line is an image of one row."""
    return (1, *size)[-2:] + (1, *counts)[-2:]
