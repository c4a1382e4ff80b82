"""`Packed`: images in float32 whose numbers are all of bfloat16, kept in 16 bits, channels last.

    (N, C, H, W) float32, as everybody sees it        bits: (N, H, W, C) uint16, as it lies
    (N, C, H, W) int64, places in an image            bits: (N, H, W, C) int32

Convolutions in bfloat16 read and write images like this. What lies between two of them (batch norm,
ReLU, the sums of residual blocks) can as well: then nothing is turned, widened and narrowed again,
and a step moves, and keeps, half as many bytes. Nothing is lost by it, for `plain` gives every
number back. Results are rounded to bfloat16, as PyTorch's are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..conv.channels_last import last, narrow_last, widen_second
from ..launch import THREADS, Source, blocks_for, device_of, launch

KERNELS = Source("packed/elementwise.cu")
AT_ONCE = 8  # of bfloat16 in one word, as in elementwise.cu


_PLAIN = {
    np.dtype(np.uint16): np.dtype(np.float32), np.dtype(np.int32): np.dtype(np.int64)
}  # fmt: skip


class Packed:
    """See above. bits: (N, *sizes, C), in order, from a multiple of 16 bytes on, as all fresh
    memory; shape: (N, C, *sizes). Nobody writes to it once it is handed on.

    It has what the engine asks of any array: shape, dtype (of plain), size, a sum.
    """

    __slots__ = ("bits", "shape")

    base = None

    def __init__(self, bits: Any, shape: tuple[int, ...]) -> None:
        self.bits, self.shape = bits, tuple(shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return _PLAIN[self.bits.dtype]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return int(self.bits.nbytes)

    def plain(self) -> Any:
        """The same numbers as an ordinary array."""
        if self.dtype == np.float32:
            return widen_second(self.bits)
        xp = device_of(self.bits).namespace
        return xp.ascontiguousarray(xp.moveaxis(self.bits, -1, 1)).astype(self.dtype)

    def like(self) -> Packed:
        """A packed array of the same shape, whose numbers are yet to be written."""
        return blank(self, self.shape)

    def __add__(self, other: Packed) -> Packed:
        """The sum, rounded, of two of one shape."""
        return combined("packed_add", self, other)


def packed(x: Any) -> Packed:
    """Float32 as a packed array, rounded; a packed one as it is."""
    return x if isinstance(x, Packed) else Packed(narrow_last(x), x.shape)


def blank(beside: Packed, shape: tuple[int, ...], dtype: Any = np.uint16) -> Packed:
    """A packed array where `beside` lies, whose numbers are yet to be written."""
    return Packed(device_of(beside.bits).empty(last(shape), dtype), shape)


def packs_of(C: int) -> int:  # noqa: N803
    """How many packs of channels a pixel has: of eight, or of one where C is no multiple of it."""
    return C // AT_ONCE if C % AT_ONCE == 0 else C


def bits_of(x: Any) -> Any:
    """What lies on the device of an array, packed or not."""
    return x.bits if isinstance(x, Packed) else x


def combined(kernel: str, *images: Packed) -> Packed:
    """What a kernel of elementwise.cu makes of one place of all images."""
    y, n = images[0].like(), images[0].size
    given = (*(x.bits for x in images), y.bits, n)
    if n:
        launch(KERNELS, kernel, blocks_for(-(-n // AT_ONCE)), THREADS, given)
    return y


def with_bias(y: Packed, b: Any) -> Packed:
    """y with the rounded b (C) added to each pixel, in place."""
    C = y.shape[1]
    b = device_of(y.bits).namespace.ascontiguousarray(b)
    given = (y.bits, b, y.size // C, C)
    launch(KERNELS, "packed_add_bias", blocks_for(-(-y.size // AT_ONCE)), THREADS, given)
    return y
