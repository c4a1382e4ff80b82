"""avg_pool and adaptive_avg_pool on the GPU: avg_pool.cu, for one or two axes in float32."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...windows import (
    Counts,
    Spans,
    even_spans,
    one_divisor,
    shared_spans,
    sizes_of_windows,
    table,
    windows_of,
)
from ..conv.im2col import axes
from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch
from ..planes import MOST_PIXELS, over_bands, over_planes
from ..tables import Tables

KERNELS = Source("pool/avg_pool.cu")
_MOST_DIVISOR = 2**63  # beyond: the reference path's matter


def _supports(x: Any, *, divisor_override: int | None = None, **_: Any) -> bool:
    if not is_on_device(x) or x.dtype != np.float32 or not 3 <= x.ndim <= 4:
        return False
    if 4 * math.prod(size + 2 for size in x.shape[2:]) >= MOST_PIXELS:  # windows, at the very most
        return False
    return divisor_override is None or abs(divisor_override) < _MOST_DIVISOR


def _forward(
    x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    size = tuple(x.shape[2:])
    kernel = axes(kernel_size, len(size))
    steps = kernel if stride is None or stride in ((), []) else axes(stride, len(size))
    window = (kernel, steps, axes(padding, len(size)))
    spans, counts = even_spans(size, window, bool(ceil_mode), bool(count_include_pad))
    divisor = None if divisor_override is None else int(divisor_override)
    return _means(x, spans, counts, divisor)


def _adaptive_supports(x: Any, *, output_size: Any) -> bool:
    if not _supports(x) or 0 in x.shape[2:]:
        return False
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
    return math.prod(max(m or 0, *x.shape[2:]) for m in wanted * 2) < MOST_PIXELS


def _adaptive_forward(x: Any, *, output_size: Any) -> tuple[Any, tuple[Any, ...]]:
    wanted = tuple(output_size) if isinstance(output_size, list) else output_size
    return _means(x, *shared_spans(tuple(x.shape[2:]), wanted), None)


def _means(
    x: Any, spans: tuple[Spans, ...], counts: Counts, divisor: int | None
) -> tuple[Any, tuple[Any, ...]]:
    gpu, size = device_of(x), tuple(x.shape[2:])
    divisor = one_divisor(counts) if divisor is None else divisor
    divisors = _DIVISORS(x, counts)[0] if divisor is None else None
    y = gpu.empty((*x.shape[:2], *map(len, spans)), np.float32)
    image, planes = gpu.namespace.ascontiguousarray(x), math.prod(x.shape[:2])
    H, W, OH, OW = _sizes(size, spans)
    kept = (spans, size, divisors if divisor is None else divisor)
    if not y.size:
        return y, kept
    if all(axis == ((0, length),) for axis, length in zip(spans, size, strict=True)):
        blocks = blocks_for(planes, THREADS // 32)
        given = (image, y, planes, H * W, float(divisor or H * W))
        launch(KERNELS, "plane_means", blocks, THREADS, given)
        return y, kept
    grid, block = over_planes(OH * OW, planes)
    tables = _WINDOWS(x, spans)
    numbers = (planes, H, W, OH, OW, float(divisor or 0))
    launch(KERNELS, "window_means", grid, block, (image, *tables, divisors, y, *numbers))
    return y, kept


def _backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    """The gradient of both; NotImplemented for volumes."""
    spans, size, divisors = saved
    if len(spans) > 2:
        return NotImplemented
    if not needs[0]:
        return (None,)
    gpu = device_of(gy)
    gx = gpu.empty((*gy.shape[:2], *size), np.float32)
    if gx.size:
        g, planes = gpu.namespace.ascontiguousarray(gy), math.prod(gy.shape[:2])
        H, W, OH, OW = _sizes(size, spans)
        many, one = (None, float(divisors)) if isinstance(divisors, int) else (divisors, 0.0)
        grid, block = over_bands(size, planes)
        given = (g, *_PIXELS(gy, spans, size), many, gx, planes, H, W, OH, OW, one)
        launch(KERNELS, "window_means_backward", grid, block, given)
    return (gx,)


def _sizes(size: tuple[int, ...], spans: tuple[Spans, ...]) -> tuple[int, ...]:
    """(H, W, OH, OW); a line is an image of one row."""
    return (1, *size)[-2:] + (1, *map(len, spans))[-2:]


def _make_windows(spans: tuple[Spans, ...]) -> Iterator[np.ndarray]:
    """The rows and the columns of each window."""
    return map(table, (((0, 1),), *spans)[-2:])


def _make_pixels(spans: tuple[Spans, ...], size: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The windows of each row and of each column."""
    return map(windows_of, (((0, 1),), *spans)[-2:], (1, *size)[-2:])


_WINDOWS, _PIXELS = Tables(_make_windows), Tables(_make_pixels)
_DIVISORS = Tables(lambda counts: (sizes_of_windows(counts),))

AVG_POOL = SimpleNamespace(supports=_supports, forward=_forward, backward=_backward)
ADAPTIVE_AVG_POOL = SimpleNamespace(
    supports=_adaptive_supports, forward=_adaptive_forward, backward=_backward
)
