"""The forms in which arrays go to a library of convolutions, and come back.

AS_IT_IS: channels second, (N, C, H, W), as all arrays here lie: nothing is turned.
LAST: channels last, (N, H, W, C), as tensor cores read them; channels_last.cu turns float32, the
array namespace float16. (packed/conv.py has one more, of bfloat16.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..elementwise.bfloat16 import narrow
from ..launch import THREADS, Source, blocks_for, contiguous, device_of, launch
from ..reduce.sums import SUM
from .problem import CHANNELS_LAST, CHANNELS_SECOND, Sizes

KERNELS = Source("conv/channels_last.cu")
BITS = 12  # a tile has 2^BITS places, as in channels_last.cu
SQUARE = BITS // 2


class Form:
    """float32 and float16, with their channels second.

    dtypes: of arrays that it takes. layout: how a Problem calls it. keeps: are x and w,
    once packed, kept for the gradients? In 16 bits they are half as large, and a pass over them is
    saved. In float32 (TF32) what a model keeps would double: they are packed anew.
    """

    dtypes: tuple[str, ...] = ("float32", "float16")
    layout = CHANNELS_SECOND
    keeps = False

    def type_of(self, x: Any) -> str:
        """What the library calls the numbers."""
        return str(x.dtype.name)

    def empty(self, gpu: Any, shape: Sizes, kind: str) -> Any:
        """An array that the library is to fill. shape: channels second."""
        return gpu.empty(shape, np.dtype(kind))

    def pack(self, x: Any) -> Any:
        """(N, C, L), (N, C, H, W), … as the library reads it, contiguous; where that is how x
        lies, x itself."""
        return device_of(x).namespace.ascontiguousarray(x)

    def unpack(self, y: Any, ndim: int, b: Any = None) -> Any:
        """What the library has filled, plus b, as (N, C, …) of `ndim` axes: a sequence loses its
        one row. y may be overwritten."""
        y = y.reshape(*y.shape[:2], *y.shape[y.ndim - (ndim - 2) :])
        if b is not None:
            y += b.reshape(-1, *(1,) * (ndim - 2))
        return y

    def deliver(self, y: Any, ndim: int, b: Any = None) -> Any:
        """As `unpack`, of images: in the form that goes best into whatever comes next."""
        return self.unpack(y, ndim, b)

    def lies(self, x: Any) -> Any:
        """The array of the device in which images lie."""
        return x

    def channel_sums(self, gy: Any) -> Any:
        """The gradient of the bias."""
        axes = (0, *range(2, gy.ndim))
        if SUM.supports(gy, axis=axes):
            return SUM.forward(gy, axis=axes)[0]
        return device_of(gy).namespace.sum(gy, axis=axes, dtype=np.float32).astype(gy.dtype)


class Last(Form):
    """float32 and float16, with their channels last."""

    layout = CHANNELS_LAST

    def empty(self, gpu: Any, shape: Sizes, kind: str) -> Any:
        return gpu.empty(last(shape), np.dtype(kind))

    def pack(self, x: Any) -> Any:
        gpu = device_of(x)
        turned = gpu.namespace.moveaxis(x, 1, -1)
        if x.dtype != np.float32 or turned.flags.c_contiguous:  # as of one channel, or one pixel
            return gpu.namespace.ascontiguousarray(turned)
        return _last("channels_last", x, np.float32)

    def unpack(self, y: Any, ndim: int, b: Any = None) -> Any:
        xp = device_of(y).namespace
        y = without_row(y, ndim)
        turned = xp.moveaxis(y, -1, 1)
        if y.dtype == np.float32 and not turned.flags.c_contiguous:
            return _second("channels_second", y, b)
        if b is not None:
            turned = xp.moveaxis(y + b, -1, 1)
        return xp.ascontiguousarray(turned)


def narrow_last(x: Any) -> Any:
    """(N, C, …) in float32 → (N, …, C) in bfloat16."""
    N, C, *sizes = x.shape
    if 1 in (C, math.prod(sizes)):  # nothing to turn
        return narrow(x).reshape(N, *sizes, C)
    return _last("channels_last_narrow", x, np.uint16)


def widen_second(y: Any, b: Any = None) -> Any:
    """(N, …, C) in bfloat16 → (N, C, …) in float32; the rounded b is added, and rounded."""
    return _second("channels_second_widen", y, b)


def last(shape: Sizes) -> Sizes:
    """(N, C, H, W) → (N, H, W, C)."""
    return (shape[0], *shape[2:], shape[1])


def without_row(y: Any, ndim: int) -> Any:
    """(N, …, C) with `ndim` axes: (N, 1, L, C) is a sequence for the library."""
    return y.reshape(y.shape[0], *y.shape[y.ndim - (ndim - 1) :])


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
    """The grid for N matrices, and `down`: a tile has 2^down rows; 2, 4, 6, 8 or 10."""
    down = _narrow(rows)
    if down == SQUARE:
        down = BITS - _narrow(columns)
    across = blocks_for(columns, 1 << (BITS - down))
    return (across, blocks_for(rows, 1 << down), blocks_for(N, 1)), down


def _narrow(size: int) -> int:
    """2, 4 or 6: of a tile with 4, 16 or 64 places along an axis of `size`."""
    bits = (size - 1).bit_length()
    return min(max(bits + bits % 2, 2), SQUARE)


AS_IT_IS, LAST = Form(), Last()
