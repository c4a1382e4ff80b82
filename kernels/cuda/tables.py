"""Small tables that kernels read: made on the host, sent to a device once, and kept there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .launch import device_of

_MOST = 256  # sets of tables of one kind; the one that was not asked for the longest goes first


class Tables:
    """make(*key) gives NumPy arrays; tables(x, *key) gives them on the device of x.

    A key is what can be looked up: numbers, tuples, objects that equal themselves alone.
    """

    def __init__(self, make: Callable[..., Iterable[np.ndarray]]) -> None:
        self._make = make
        self._kept: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def __call__(self, beside: Any, *key: Any) -> tuple[Any, ...]:
        gpu = device_of(beside)
        place = (gpu, gpu.place(beside), *key)
        found = self._kept.pop(place, None)
        if found is None:
            found = tuple(gpu.send(table, beside) for table in self._make(*key))
        gpu.hold(found)
        self._kept[place] = found  # the last one asked for is the last one in the dictionary
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return found
