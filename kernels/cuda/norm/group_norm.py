"""group_norm on the GPU, and what layer_norm shares with it: group_norm.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..launch import THREADS, Source, blocks_for, contiguous, device_of, is_on_device, launch
from ..rows import share_columns, share_rows

KERNELS = Source("norm/group_norm.cu")
_RUN = 32  # samples for each thread at least, where there are so many
_ENOUGH = 1024  # blocks that keep the largest GPU busy
_MOST_VALUES = 2**30  # of a sample: their places are counted in 32 bits


class Sizes(NamedTuple):
    """N samples of C channels with S values, in G groups."""

    N: int
    C: int
    S: int
    G: int


def supports(x: Any, *others: Any, **_: Any) -> bool:
    given = [x, *(a for a in others if a is not None)]
    if not is_on_device(*given) or not x.size:
        return False
    return x.size // x.shape[0] < _MOST_VALUES and all(a.dtype == np.float32 for a in given)


def forward(
    x: Any, weight: Any, bias: Any, *, num_groups: int, eps: float
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    (N, C), G = x.shape[:2], num_groups
    sizes = Sizes(N, C, math.prod(x.shape[2:]), G)
    y, mean, var, inverse = normalise(x, weight, bias, sizes, eps)
    xp, single = device_of(x).namespace, (N, G)
    statistics = (xp.asarray(mean, dtype=np.float32).reshape(single), var.reshape(single))
    kept = (s.reshape((N, G, 1, 1)) for s in (mean, inverse))
    return (y, *statistics), (x, weight, *kept, None if bias is None else bias.dtype)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight = saved.x, saved.weight
    if not supports(x, weight):
        return NotImplemented
    N, C, *rest = x.shape
    sizes = Sizes(N, C, math.prod(rest), saved.inverse.shape[1])
    return differentiate(gy, saved, sizes, needs)


def normalise(
    x: Any, weight: Any, bias: Any, sizes: Sizes, eps: float
) -> tuple[Any, Any, Any, Any]:
    """(y, mean, var, inverse); a mean, in float64, for each group of each sample."""
    gpu, (N, C, S, G) = device_of(x), sizes
    y, mean = gpu.empty(x.shape, np.float32), gpu.empty((N * G,), np.float64)
    var, inverse = (gpu.empty((N * G,), np.float32) for _ in range(2))
    grid, block, shared, kept = share_rows(N * G, C // G * S)
    arrays = contiguous(x, weight, bias)
    given = (*arrays, y, mean, var, inverse, *sizes, float(eps), kept)
    launch(KERNELS, "group_norm_forward", grid, block, given, shared)
    return y, mean, var, inverse


def differentiate(gy: Any, saved: Any, sizes: Sizes, needs: Sequence[bool]) -> tuple[Any, ...]:
    """(gx, gweight, gbias); the last two have one axis."""
    x, weight = saved.x, saved.weight
    gpu, (N, C, S, G) = device_of(gy), sizes
    xp = gpu.namespace
    g, image, scale = contiguous(gy, x, weight)
    mean = xp.asarray(saved.mean, dtype=np.float64)
    mean, inverse = contiguous(mean, xp.asarray(saved.inverse, dtype=np.float32))
    gx = gweight = gbias = None
    if needs[0]:
        gx = gpu.empty(x.shape, np.float32)
        grid, block, shared, kept = share_rows(N * G, C // G * S, 2)
        given = (g, image, scale, mean, inverse, gx, *sizes, kept)
        launch(KERNELS, "group_norm_backward", grid, block, given, shared)
    wanted = needs[1] and weight is not None, needs[2] and saved.bias_dtype is not None
    if any(wanted):
        gweight, gbias = _parameter_gradients(gpu, (g, image, mean, inverse), sizes)
    return gx, gweight if wanted[0] else None, gbias if wanted[1] else None


def _parameter_gradients(gpu: Any, arrays: Sequence[Any], sizes: Sizes) -> tuple[Any, Any]:
    """Sums over samples and positions: parts of them by blocks, then those by one thread."""
    N, C, S, G = sizes
    numbers: tuple[int, ...] = sizes
    if S == 1:
        _, block = share_columns(C, N)
        columns = -(-C // block[0])
        splits = max(1, min(-(-N // (_RUN * block[1])), -(-_ENOUGH // columns)))
        name, numbers, grid = "layer_norm_parameter_sums", (N, C, G), (columns, splits)
    else:
        block = share_rows(N, S).block
        splits = max(1, min(-(-N // block[1]), -(-_ENOUGH // C)))
        name, numbers, grid = "group_norm_parameter_sums", sizes, (C, splits)
    sums = gpu.empty((2, splits, C), np.float64)
    launch(KERNELS, name, grid, block, (*arrays, sums, *numbers, splits))
    gweight, gbias = gpu.empty((C,), np.float32), gpu.empty((C,), np.float32)
    given = (sums, gweight, gbias, C, splits)
    launch(KERNELS, "group_norm_parameter_gradients", blocks_for(C), THREADS, given)
    return gweight, gbias
