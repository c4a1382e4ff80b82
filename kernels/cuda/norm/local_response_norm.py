"""local_response_norm on the GPU: local_response_norm.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import Source, blocks_for, device_of, is_on_device, launch
from ..rows import ROOM

KERNELS = Source("norm/local_response_norm.cu")
_TILE, _HEIGHT = 32, 8  # as in local_response_norm.cu


def supports(x: Any, *, size: int, **_: Any) -> bool:
    """False, too, for windows of so many channels that shared memory does not hold them."""
    if not is_on_device(x) or x.dtype != np.float32 or not x.size:
        return False
    return _bytes(x.shape[1], size) <= ROOM


def forward(
    x: Any, *, size: int, alpha: float, beta: float, k: float
) -> tuple[Any, tuple[Any, ...]]:
    gpu = device_of(x)
    y, s = gpu.empty(x.shape, np.float32), gpu.empty(x.shape, np.float32)
    numbers = (float(alpha) / size, float(beta), float(k))
    _run("local_response_norm_forward", size, (x,), (y, s), numbers)
    return y, (x, s, size, alpha, beta)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, size, beta = saved.x, saved.size, float(saved.beta)
    if not needs[0]:
        return (None,)
    if not supports(x, size=size):
        return NotImplemented
    gx = device_of(x).empty(x.shape, np.float32)
    numbers = (2 * float(saved.alpha) * beta / size, beta)
    _run("local_response_norm_backward", size, (gy, x, saved.s), (gx,), numbers)
    return (gx,)


def _run(
    name: str, size: int, given: Sequence[Any], results: Sequence[Any], numbers: Sequence[float]
) -> None:
    N, C, *rest = given[0].shape
    S = math.prod(rest)
    tiles = N * -(-C // _TILE) * -(-S // _TILE)
    arrays = map(device_of(given[0]).namespace.ascontiguousarray, given)
    window = (min(size // 2, C), min((size - 1) // 2, C))  # further away there are no channels
    launch(
        KERNELS, name, blocks_for(tiles, 1), (_TILE, _HEIGHT),
        (*arrays, *results, N, C, S, *window, *numbers), _bytes(C, size),
    )  # fmt: skip


def _bytes(C: int, size: int) -> int:
    """Of shared memory: the channels of a tile and of the windows that hang over its ends."""
    return min(_TILE + size - 1, C) * _TILE * 4
