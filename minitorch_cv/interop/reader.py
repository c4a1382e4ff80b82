"""A file that is read forward and never further than it is long."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from .errors import WeightsError


class Reader:
    """Reads `size` bytes of a file. A length is compared with what is left before memory is taken.

    Raises WeightsError where more is asked for than there is.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.left = size

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._spend(count)
        data = self._file.read(count)
        if len(data) != count:
            raise WeightsError("is truncated; get it again")
        return data

    def line(self, longest: int = 1000) -> str:
        """The text up to the next line end."""
        data = self._file.readline(min(longest, self.left))
        self.left -= len(data)
        if not data.endswith(b"\n"):
            raise WeightsError("is truncated or damaged (a name without an end); get it again")
        return data[:-1].decode("utf-8")

    def fill(self, array: np.ndarray) -> None:
        """Reads the bytes of a contiguous array into it."""
        self._spend(array.nbytes)
        fill(self._file, array)

    def _spend(self, count: int) -> None:
        if count > self.left:
            raise WeightsError(
                f"is truncated ({count} more bytes are named, {self.left} are there); get it again"
            )
        self.left -= count


def fill(file: Any, array: np.ndarray) -> None:
    """Reads the bytes of a contiguous array from any file."""
    view = array.reshape(-1).view(np.uint8).data
    while view:
        count = file.readinto(view)
        if not count:
            raise WeightsError(f"is truncated ({len(view)} bytes of a tensor lack); get it again")
        view = view[count:]
