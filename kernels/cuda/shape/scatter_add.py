"""scatter_add on the GPU: scatter_add.cu, in float32. Nobody waits, and every run gives one answer.

The units that its integers are multiples of are worked out, and read, on the device.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, contiguous, device_of, is_on_device, launch
from ..planes import over_planes

KERNELS = Source("shape/scatter_add.cu")
_BITS = 62  # of a sum, without its sign


def supports(x: Any, index: Any, **_: Any) -> bool:
    return is_on_device(x, index) and x.dtype == np.float32 and x.size > 0


def forward(x: Any, index: Any, *, size: int) -> tuple[Any, tuple[Any, ...]]:
    gpu, (*lead, P) = device_of(x), x.shape
    xp, R = gpu.namespace, math.prod(lead)
    elements, numbers = contiguous(x, _each_once(index).astype("int64", copy=False))
    largest, sums = xp.zeros(R * size, np.uint32), xp.zeros(R * size, np.uint64)
    y = gpu.empty((*lead, size), np.float32)
    width = _BITS - (P - 1).bit_length()
    grid, block = over_planes(P, R)
    sizes = (R, P, numbers.size // P, size)
    launch(KERNELS, "scatter_add_largest", grid, block, (elements, numbers, largest, *sizes))
    given = (elements, numbers, largest, sums, *sizes, width)
    launch(KERNELS, "scatter_add_sums", grid, block, given)
    places = (largest, sums, y, R * size, width)
    launch(KERNELS, "scatter_add_round", blocks_for(R * size), THREADS, places)
    return y, (index,)


def _each_once(index: Any) -> Any:
    """The index without the axes before its last one along which it is repeated (broadcast)."""
    own = index.ndim - 1
    while own and (index.strides[own - 1] == 0 or index.shape[own - 1] == 1):
        own -= 1
    return index[(slice(None),) * own + (0,) * (index.ndim - 1 - own)]
