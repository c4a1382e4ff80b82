"""NumPy's `.npz`: a zip archive of arrays. Objects in it, which are pickles, are refused."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib import format as npy

from ..archive import Archive
from ..errors import WeightsError
from ..reader import Reader


def read(archive: Archive) -> dict[str, np.ndarray]:
    """name → array."""
    arrays = {}
    for member in archive.members:
        if not member.endswith(".npy"):
            raise WeightsError(f"is a zip archive with {member[:80]!r} in it, no .npz file")
        arrays[member.removesuffix(".npy")] = _array(archive.open(member), member)
    return arrays


class _File:
    """What NumPy's reader of heads wants: `read`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def read(self, count: int = 0, /) -> bytes:
        """The next bytes."""
        return self.reader.take(count)


def _array(reader: Reader, member: str) -> np.ndarray:
    file = _File(reader)
    version = npy.read_magic(file)
    heads = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in heads:
        raise WeightsError(f"is refused: {member[:80]!r} is of another version of NumPy's format")
    shape, by_columns, dtype = heads[version](file)
    if dtype.hasobject or dtype.names:
        raise WeightsError(f"is refused: {member[:80]!r} holds Python objects, not numbers")
    if math.prod(shape) * dtype.itemsize != reader.left or min(shape, default=0) < 0:
        raise WeightsError(f"is damaged ({member[:80]!r}: {reader.left} bytes for {shape})")
    array = np.empty(shape, dtype, order="F" if by_columns else "C")
    if array.nbytes:
        reader.fill(array.T if by_columns else array)
    return array.astype(dtype.newbyteorder("="), copy=False)
