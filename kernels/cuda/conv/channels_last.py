"""How arrays go to a library of convolutions, and come back: channels last, (N, H, W, C).

`PLAIN` keeps their type; `BFLOAT16` makes bfloat16 of float32 (uint16 holds it) on the way. Both
turn float32 by channels_last.cu; float16 is turned by the array namespace.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..elementwise.bfloat16 import add_and_round, narrow, rounded
from ..launch import THREADS, Source, blocks_for, contiguous, device_of, launch

KERNELS = Source("conv/channels_last.cu")
BITS = 10  # a tile has 2^BITS places, as in channels_last.cu
Sizes = tuple[int, ...]


def last(shape: Sizes) -> Sizes:
    """(N, C, H, W) → (N, H, W, C)."""
    return (shape[0], *shape[2:], shape[1])


class Plain:
    """float32 and float16 as they are."""

    dtypes: tuple[str, ...] = ("float32", "float16")

    def type_of(self, x: Any) -> str:
        """What the library calls the numbers."""
        return str(x.dtype.name)

    def empty(self, gpu: Any, shape: Sizes, kind: str) -> Any:
        """An array, channels last, that the library is to fill."""
        return gpu.empty(last(shape), np.dtype(kind))

    def to_last(self, x: Any) -> Any:
        """(N, C, L), (N, C, H, W), … → (N, L, C), (N, H, W, C), …, contiguous.

        x itself, seen otherwise, where its numbers already lie so: one channel, or one pixel.
        """
        gpu = device_of(x)
        turned = gpu.namespace.moveaxis(x, 1, -1)
        if x.dtype != np.float32 or turned.flags.c_contiguous:
            return gpu.namespace.ascontiguousarray(turned)
        return _last("channels_last", x, np.float32)

    def to_second(self, x: Any, ndim: int, b: Any = None) -> Any:
        """The way back, plus b, to arrays of `ndim` axes: a sequence loses its one row."""
        xp = device_of(x).namespace
        if x.ndim > ndim:
            x = xp.reshape(x, (x.shape[0], *x.shape[2:]))
        turned = xp.moveaxis(x, -1, 1)
        if x.dtype == np.float32 and not turned.flags.c_contiguous:
            return _second("channels_second", x, b)
        if b is not None:  # not in place: to_last may have given out the caller's own numbers
            turned = xp.moveaxis(x + b, -1, 1)
        return xp.ascontiguousarray(turned)

    def channel_sums(self, gy: Any) -> Any:
        """The gradient of the bias."""
        axes = (0, *range(2, gy.ndim))
        return device_of(gy).namespace.sum(gy, axis=axes, dtype=np.float32).astype(gy.dtype)


class Bfloat16(Plain):
    """float32 as bfloat16, and back."""

    dtypes = ("float32",)

    def type_of(self, x: Any) -> str:  # noqa: ARG002
        return "bfloat16"

    def empty(self, gpu: Any, shape: Sizes, kind: str) -> Any:  # noqa: ARG002
        return gpu.empty(last(shape), np.uint16)

    def to_last(self, x: Any) -> Any:
        N, C, *sizes = x.shape
        if 1 in (C, math.prod(sizes)):  # nothing to turn
            return narrow(x).reshape(N, *sizes, C)
        return _last("channels_last_narrow", x, np.uint16)

    def to_second(self, x: Any, ndim: int, b: Any = None) -> Any:
        x = x.reshape(x.shape[0], *x.shape[x.ndim - (ndim - 1) :])
        return _second("channels_second_widen", x, b)

    def channel_sums(self, gy: Any) -> Any:
        return add_and_round(super().channel_sums(rounded(gy)))


def _last(kernel: str, x: Any, dtype: Any) -> Any:
    """x (N, C, …) → (N, …, C), by a kernel that makes `dtype` of it."""
    gpu, (N, C, *sizes) = device_of(x), x.shape
    L, y = math.prod(sizes), gpu.empty(last(x.shape), dtype)
    grid, down = _tiles(N, C, L)
    given = (gpu.namespace.ascontiguousarray(x), y, N, C, L, down)
    launch(KERNELS, kernel, grid, THREADS, given)
    return y


def _second(kernel: str, x: Any, b: Any) -> Any:
    """x (N, …, C) → (N, C, …) in float32, plus b, by a kernel."""
    gpu, (N, *sizes, C) = device_of(x), x.shape
    L, y = math.prod(sizes), gpu.empty((N, C, *sizes), np.float32)
    grid, down = _tiles(N, L, C)
    launch(KERNELS, kernel, grid, THREADS, (*contiguous(x, b), y, N, C, L, down))
    return y


def _tiles(N: int, rows: int, columns: int) -> tuple[Sizes, int]:  # noqa: N803
    """The grid for N matrices, and `down`: a tile has 2^down rows."""
    down = BITS // 2
    if rows < 1 << down:
        down = (rows - 1).bit_length()
    elif columns < 1 << down:
        down = BITS - (columns - 1).bit_length()
    across = blocks_for(columns, 1 << (BITS - down))
    return (across, blocks_for(rows, 1 << down), blocks_for(N, 1)), down


PLAIN, BFLOAT16 = Plain(), Bfloat16()
