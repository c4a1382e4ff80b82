"""Page-locked memory on the host: a GPU copies from it by itself while the host goes on.

From any other memory CuPy first copies, on the host, to a pinned buffer of its own. An array that
is on its way is kept by CuPy until it has arrived.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def pin(array: np.ndarray) -> np.ndarray:
    """A copy in pinned memory; the array itself where it lies there. RuntimeError without a GPU."""
    from .loading import cupy

    if is_pinned(array):
        return array
    memory = cupy().cuda.alloc_pinned_memory(max(array.nbytes, 1))
    room = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    room[...] = array
    return room


def is_pinned(array: Any) -> bool:
    """Does a NumPy array lie in pinned memory? RuntimeError without a GPU."""
    from .loading import cupy

    return bool(cupy().cuda.pinned_memory.is_memory_pinned(array.ctypes.data))
