"""max_pool of packed images of one or two axes: max_pool.cu. The places stay channels last, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import Source, launch
from ..planes import over_planes
from ..pool.max_pool import fits, numbers_of, windows_of
from .array import Packed, blank, packed, packs_of

KERNELS = Source("packed/max_pool.cu")


def supports(x: Any, *, padding: Any = 0, dilation: Any = 1, **_: Any) -> bool:
    if not isinstance(x, Packed) or x.dtype != np.float32 or not 3 <= x.ndim <= 4:
        return False
    return fits(x, x.shape[1], padding, dilation)


def forward(
    x: Packed, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[Any, Any], tuple[Any, ...]]:  # fmt: skip
    (N, C), size = x.shape[:2], tuple(x.shape[2:])
    window, counts = windows_of(size, kernel_size, stride, padding, dilation, ceil_mode)
    y, places = (blank(x, (N, C, *counts), dtype) for dtype in (np.uint16, np.int32))
    if y.size:
        grid, block = over_planes(math.prod(counts) * packs_of(C), N)
        given = (x.bits, y.bits, places.bits, N, *numbers_of(size, window, counts), C)
        launch(KERNELS, "packed_max_pool_forward", grid, block, given)
    return (y, places), (places, size, False, (window, counts))


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    if not isinstance(saved.indices, Packed):
        return NotImplemented
    if not needs[0]:
        return (None,)
    g, (N, C), size = packed(gy), gy.shape[:2], saved.size
    gx = blank(g, (N, C, *size))
    if gx.size:
        grid, block = over_planes(math.prod(size) * packs_of(C), N)
        given = (g.bits, saved.indices.bits, gx.bits, N, *numbers_of(size, *saved.windows), C)
        launch(KERNELS, "packed_max_pool_backward", grid, block, given)
    return (gx,)
