"""max_pool on the GPU: max_pool.cu, for images of one or two axes in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..conv.im2col import axes, rows_and_columns
from ..launch import Source, device_of, is_on_device, launch
from ..planes import MOST_PIXELS, over_bands, over_planes

KERNELS = Source("pool/max_pool.cu")
Sizes = tuple[int, ...]


def supports(x: Any, *, padding: Any = 0, dilation: Any = 1, **_: Any) -> bool:
    if not is_on_device(x) or x.dtype != np.float32 or not 3 <= x.ndim <= 4:
        return False
    return fits(x, 1, padding, dilation)


def fits(x: Any, along: int, padding: Any, dilation: Any) -> bool:
    """Are there few enough windows, `along` numbers of each, and do all of them hold a pixel?"""
    if 4 * along * math.prod(size + 2 for size in x.shape[2:]) >= MOST_PIXELS:  # at the very most
        return False
    n = x.ndim - 2  # the first window begins at −p, or as many gaps later as bring it into x
    steps = zip(x.shape[2:], axes(padding, n), axes(dilation, n), strict=True)
    return all(-p % d < size for size, p, d in steps)


def forward(
    x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[Any, Any], tuple[Any, ...]]:  # fmt: skip
    gpu, (N, C), size = device_of(x), x.shape[:2], tuple(x.shape[2:])
    window, counts = windows_of(size, kernel_size, stride, padding, dilation, ceil_mode)
    y = gpu.empty((N, C, *counts), np.float32)
    indices = gpu.empty(y.shape, np.int64)
    numbers = numbers_of(size, window, counts)
    if y.size:
        grid, block = over_planes(math.prod(counts), N * C)
        image = gpu.namespace.ascontiguousarray(x)
        launch(KERNELS, "max_pool_forward", grid, block, (image, y, indices, N * C, *numbers))
    return (y, indices), (indices, size, False, (window, counts))


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if saved.windows is None:
        return NotImplemented
    if not needs[0]:
        return (None,)
    gpu, (N, C) = device_of(gy), gy.shape[:2]
    gx = gpu.empty((N, C, *saved.size), np.float32)
    if gx.size:
        grid, block = over_bands(saved.size, N * C)
        given = (gpu.namespace.ascontiguousarray(gy), saved.indices, gx, N * C)
        numbers = numbers_of(saved.size, *saved.windows)
        launch(KERNELS, "max_pool_backward", grid, block, (*given, *numbers))
    return (gx,)


def windows_of(
    size: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[tuple[Sizes, Sizes, Sizes, Sizes], Sizes]:
    """(kernel, stride, padding and dilation, along each axis), and how many windows there are."""
    n = len(size)
    kernel = axes(kernel_size, n)
    steps = kernel if stride is None or stride in ((), []) else axes(stride, n)
    window = (kernel, steps, axes(padding, n), axes(dilation, n))
    return window, tuple(_count(*axis, ceil_mode) for axis in zip(size, *window, strict=True))


def numbers_of(size: Any, window: Any, counts: Any) -> list[int]:
    """H, W, KH, KW, … as the kernels take them."""
    return rows_and_columns(len(size), size, *window, counts, fill=(1, 1, 1, 0, 1, 1))


def _count(size: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """How many windows fit; with `ceil` one may hang over the end, if it starts before it."""
    span = size + 2 * p - d * (k - 1) - 1
    if not ceil:
        return span // s + 1
    count = -(-span // s) + 1
    return count - 1 if (count - 1) * s >= size + p else count
