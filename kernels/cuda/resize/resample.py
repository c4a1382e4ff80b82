"""resample on the GPU: resample.cu, along up to three axes in float32. interpolate comes here.

The gradient needs nothing of its own: it is a resampling by the transposed tables, which the op
asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...taps import listed
from ..launch import Device, Source, device_of, is_on_device, launch
from ..planes import MOST_PIXELS, over_planes
from ..tables import Tables

KERNELS = Source("resize/resample.cu")
_FIXED = {2: "resample_linear", 4: "resample_cubic"}  # taps on both axes → kernel
_MOST_AT_ONCE = 64  # terms of an output; where there are more, one axis goes after the other


def supports(x: Any, *, taps: Any) -> bool:
    if not is_on_device(x) or x.dtype != np.float32 or not x.size or not 1 <= len(taps) <= 3:
        return False
    sizes = zip(x.shape[x.ndim - len(taps) :], taps, strict=True)  # those on the way as well
    return math.prod(max(S, _length(table, S)) for S, table in sizes) < MOST_PIXELS


def forward(x: Any, *, taps: Any) -> tuple[Any, tuple[Any, ...]]:
    gpu = device_of(x)
    y, n = gpu.namespace.ascontiguousarray(x), len(taps)
    size = [_length(table, S) for S, table in zip(x.shape[x.ndim - n :], taps, strict=True)]
    shape = (*x.shape[: x.ndim - n], *size)
    if n == 3:  # the planes first, then from plane to plane
        y = _planes(gpu, y, x.shape[-2:], *taps[1:])
        y = _planes(gpu, y, (x.shape[-3], size[1] * size[2]), taps[0], None)
    else:
        y = _planes(gpu, y, (1, *x.shape)[-2:] if n == 2 else (1, x.shape[-1]), *_rows(taps))
    return (gpu.namespace.array(x) if y is x else y.reshape(shape)), (taps,)


def _rows(taps: Any) -> Any:
    """A line is an image of one row."""
    return taps if len(taps) == 2 else (None, *taps)


def _length(table: Any, size: int) -> int:
    """O of a table; the size itself where an axis stays as it is."""
    return size if table is None else table.index.shape[1]


def _planes(gpu: Device, x: Any, size: Any, down: Any, along: Any) -> Any:
    """x, read as (planes, H, W), along both axes; x itself where both stay as they are."""
    if down is None and along is None:
        return x
    (H, W), taps = size, [_most(table) for table in (down, along)]
    OH, OW = _length(down, H), _length(along, W)
    if taps[0] * taps[1] > _MOST_AT_ONCE and down is not None and along is not None:
        if OH * W < H * OW:  # the axis that shrinks more goes first: less is left for the other
            return _planes(gpu, _planes(gpu, x, size, down, None), (OH, W), None, along)
        return _planes(gpu, _planes(gpu, x, size, None, along), (H, OW), down, None)
    planes = x.size // (H * W)
    y = gpu.empty((planes, OH, OW), np.float32)
    grid, block = over_planes(OH * OW, planes)
    name = _kernel(down, along)
    tables = _TABLES(x, name, down, H, along, W)
    counts = (tables[1].size, tables[4].size) if name == "resample_lists" else ()
    launch(KERNELS, name, grid, block, (x, *tables, y, planes, H, W, OH, OW, *counts))
    return y


def _most(table: Any) -> int:
    """The most taps of an output."""
    return 1 if table is None else len(table.index)


def _kernel(down: Any, along: Any) -> str:
    """Which kernel knows these tables."""
    if down is None or along is None or down.counts is not None or along.counts is not None:
        return "resample_lists"
    if down.weights is None and along.weights is None:
        return "resample_nearest"
    weighted = down.weights is not None and along.weights is not None
    if weighted and _most(down) == _most(along):
        return _FIXED.get(_most(down), "resample_lists")
    return "resample_lists"


def _make(name: str, down: Any, H: int, along: Any, W: int) -> Iterator[np.ndarray]:
    """The tables that a kernel asks for."""
    for table, size in ((down, H), (along, W)):
        if name == "resample_lists":
            yield from _terms(table, size)
        elif name == "resample_nearest":
            yield table.index[0].astype(np.int32)
        else:
            yield from (table.index.astype(np.int32), table.weights.astype(np.float32))


_TABLES = Tables(_make)


def _terms(table: Any, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(where each output's terms begin, their elements, their weights), without missing taps."""
    if table is None:
        numbers = np.arange(size + 1, dtype=np.int32)
        return numbers, numbers[:-1], np.ones(size, np.float32)
    start, places, weights = listed(table)
    return start.astype(np.int32), places.astype(np.int32), weights
