"""A zip archive whose sizes are judged before anything in it is unpacked."""

from __future__ import annotations

import zipfile
from typing import IO

import numpy as np

from .errors import WeightsError
from .reader import Reader, fill

# Deflate shrinks zeros to a thousandth; weights hardly shrink at all, and a file of a few megabytes
# must not unpack to terabytes.
MOST_GROWTH, ALWAYS_ALLOWED = 100, 64 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a limit
MOST_PICKLE = 256 * 2**20  # bytes of one member that is read as a whole


class Archive:
    """The members of a zip archive. Raises WeightsError for one that is made to fill the memory."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._zip = zipfile.ZipFile(file)
        self.members = {info.filename: info for info in self._zip.infolist()}
        infos = self._zip.infolist()
        if len(self.members) != len(infos):
            raise WeightsError("is damaged (two members of the archive have the same name)")
        if any(info.flag_bits & 1 for info in infos):
            raise WeightsError("is encrypted; unpack it first")
        if any(info.compress_type not in _METHODS for info in infos):
            raise WeightsError("is refused: it is compressed by another method than deflate")
        if sum(info.compress_size for info in infos) > size:
            raise WeightsError("is refused: the members of the archive overlap")
        if sum(info.file_size for info in infos) > MOST_GROWTH * size + ALWAYS_ALLOWED:
            raise WeightsError(f"is refused: it unpacks to more than {MOST_GROWTH} times its size")

    def read(self, name: str) -> bytes:
        """One member as a whole."""
        if self.members[name].file_size > MOST_PICKLE:
            raise WeightsError(f"is refused: {name} in it is larger than {MOST_PICKLE} bytes")
        return self._zip.read(name)

    def open(self, name: str) -> Reader:
        """One member, to be read forward."""
        return Reader(self._zip.open(name), self.members[name].file_size)

    def fill(self, name: str, array: np.ndarray) -> None:
        """Reads the first bytes of a member into an array."""
        with self._zip.open(name) as member:
            fill(member, array)
