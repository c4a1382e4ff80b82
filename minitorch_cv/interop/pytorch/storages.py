"""A PyTorch storage: a flat run of numbers that tensors look at with sizes and strides."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import WeightsError

# An expanded tensor has more elements than its storage. It takes no memory, but what is computed
# from it does, so that a few bytes must not stand for a terabyte.
LARGEST_REPEATED = 64 * 2**20
MOST_AXES = 32  # of an array, in every NumPy


class Kind(NamedTuple):
    """A type of storage: what one element is in the file, and what it becomes."""

    name: str
    stored: np.dtype[Any]
    becomes: np.dtype[Any]


def _kind(name: str, stored: str, becomes: str | None = None) -> Kind:
    return Kind(name, np.dtype(stored), np.dtype(becomes or stored))


KINDS = {
    kind.name: kind
    for kind in (
        _kind("DoubleStorage", "float64"), _kind("FloatStorage", "float32"),
        _kind("HalfStorage", "float16"), _kind("LongStorage", "int64"),
        _kind("IntStorage", "int32"), _kind("ShortStorage", "int16"),
        _kind("CharStorage", "int8"), _kind("ByteStorage", "uint8"),
        _kind("BoolStorage", "bool"), _kind("UntypedStorage", "uint8"),
        _kind("BFloat16Storage", "uint16", "float32"),  # NumPy has no bfloat16
    )
}  # fmt: skip


class Storage:
    """`count` numbers of one kind. `array` is their memory, which tensors share once it is filled.

    array: contiguous, writable, of the dtype that the kind becomes.
    """

    __slots__ = ("kind", "array")

    def __init__(self, kind: Kind, count: Any, most: int) -> None:
        """most: how many bytes the storage may take, from the size of the file."""
        if type(count) is not int or count < 0 or count * kind.stored.itemsize > most:
            raise WeightsError(
                f"is damaged or truncated (a {kind.name} of {count} numbers, the file has room "
                f"for {most} bytes); get it again"
            )
        self.kind = kind
        self.array = np.empty(count, kind.becomes)

    def part(self, offset: Any, count: Any) -> Storage:
        """`count` numbers from `offset` on, in the same memory."""
        made = object.__new__(Storage)
        made.kind, made.array = self.kind, strided(self.array, offset, (count,), (1,))
        return made

    def fill(self, source: Any, big_endian: bool = False) -> None:
        """Reads the numbers; source: has `fill(array)`."""
        kind = self.kind
        same = kind.stored == kind.becomes
        raw = self.array if same else np.empty(len(self.array), kind.stored)
        source.fill(raw.view(np.uint8))
        if big_endian:
            raw.byteswap(inplace=True)
        if kind.stored == np.bool_ and raw.view(np.uint8).max(initial=0) > 1:
            raise WeightsError("is damaged (a truth value that is neither 0 nor 1)")
        if not same:
            widen_bfloat16(raw, self.array)


def widen_bfloat16(raw: np.ndarray, out: np.ndarray) -> None:
    """bfloat16 is the upper half of a float32: exact."""
    out.view(np.uint32)[...] = raw
    out.view(np.uint32)[...] <<= 16


def strided(array: np.ndarray, offset: Any, size: Any, stride: Any) -> np.ndarray:
    """The elements array[offset + Σ iₖ strideₖ] as a view that shares memory.

    A view that shows an element more than once is read-only. Raises WeightsError where an element
    would lie outside.
    """
    fit = type(size) is tuple and type(stride) is tuple and len(size) == len(stride) <= MOST_AXES
    if not fit:
        raise WeightsError("is damaged (a tensor whose sizes and strides do not belong together)")
    for number in (offset, *size, *stride):
        if type(number) is not int or not 0 <= number < 2**62:
            raise WeightsError("is damaged (a tensor with a size, stride or offset that is no "
                               "whole number ≥ 0)")  # fmt: skip
    count, item = math.prod(size), array.itemsize
    span = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if count else 0
    if offset + span > len(array):
        raise WeightsError(
            f"is damaged (a tensor {size} with strides {stride} from element {offset} on reaches "
            f"outside its storage of {len(array)} numbers)"
        )
    if count > span and count * item > LARGEST_REPEATED:
        raise WeightsError(
            f"is refused: a tensor {size} repeats {span} stored numbers, which would take "
            f"{count * item} bytes; save a copy that is not expanded"
        )
    if count == 0:
        return np.empty(size, array.dtype)
    steps = [s * item for s in stride]
    return np.lib.stride_tricks.as_strided(array[offset:], size, steps, writeable=count <= span)
