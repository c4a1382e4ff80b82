"""batch_norm on the GPU: batch_norm.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("norm/batch_norm.cu")
_PIECE = 1024  # as in batch_norm.cu
_WARPS = THREADS // 32
_ENOUGH = 1024  # blocks that keep the largest GPU busy
_PIECES = 4  # for each warp at least, where there are so many


def supports(x: Any, *others: Any, **_: Any) -> bool:
    given = [x, *(a for a in others if a is not None)]
    return bool(x.size) and is_on_device(*given) and all(a.dtype == np.float32 for a in given)


def forward(
    x: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, *, training: bool,
    eps: float,
) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:  # fmt: skip
    gpu, sizes = device_of(x), _sizes(x)
    xp, C = gpu.namespace, sizes[1]
    image = xp.ascontiguousarray(x)
    if training:
        mean, var, inverse = (gpu.empty((C,), np.float32) for _ in range(3))
        sums, splits = _sums(gpu, "batch_norm_sums", sizes, image)
        given = (image, sums, mean, var, inverse, *sizes, splits, float(eps))
        launch(KERNELS, "batch_norm_statistics", blocks_for(C), THREADS, given)
    else:
        mean, var = xp.ascontiguousarray(running_mean), xp.ascontiguousarray(running_var)
        inverse = 1 / xp.sqrt(var + np.float32(eps))
    y = gpu.empty(x.shape, np.float32)
    parameters = [None if p is None else xp.ascontiguousarray(p) for p in (weight, bias)]
    given = (image, mean, inverse, *parameters, y, *sizes)
    launch(KERNELS, "batch_norm_forward", _planes(sizes), THREADS, given)
    across = (1, C) + (1,) * (x.ndim - 2)
    bias_dtype = None if bias is None else bias.dtype
    fields = (x, weight, mean.reshape(across), inverse.reshape(across), bias_dtype, training)
    return (y, mean, var), fields


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight, training = saved.x, saved.weight, saved.training
    if not supports(x, weight, saved.mean, saved.inverse):
        return NotImplemented
    gpu, sizes = device_of(gy), _sizes(x)
    xp, C = gpu.namespace, sizes[1]
    g, image, mean, inverse = map(
        xp.ascontiguousarray, (gy, x, saved.mean.reshape((C,)), saved.inverse.reshape((C,)))
    )
    gweight = gbias = gx = None
    if needs[1] or needs[2] or training:
        gweight, gbias = gpu.empty((C,), np.float32), gpu.empty((C,), np.float32)
        sums, splits = _sums(gpu, "batch_norm_gradient_sums", sizes, g, image, mean)
        given = (sums, inverse, gweight, gbias, C, splits)
        launch(KERNELS, "batch_norm_parameter_gradients", blocks_for(C), THREADS, given)
    if needs[0]:
        gx = gpu.empty(x.shape, np.float32)
        scale = None if weight is None else xp.ascontiguousarray(weight)
        given = (g, image, mean, inverse, scale, gweight, gbias, gx, *sizes, int(training))
        launch(KERNELS, "batch_norm_backward", _planes(sizes), THREADS, given)
    gweight = gweight if needs[1] and weight is not None else None
    if not needs[2] or saved.bias_dtype is None:
        gbias = None
    return gx, gweight, gbias, None, None


def _sizes(x: Any) -> tuple[int, int, int]:
    """(N, C, S)"""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def _sums(gpu: Any, name: str, sizes: tuple[int, int, int], *arrays: Any) -> tuple[Any, int]:
    """Two sums over each channel, in as many parts as the shape asks for: (2, C, splits)."""
    N, C, S = sizes
    pieces = N * -(-S // _PIECE)
    splits = max(1, min(-(-pieces // (_WARPS * _PIECES)), -(-_ENOUGH // C)))
    sums = gpu.empty((2, C, splits), np.float64)
    launch(KERNELS, name, (C, splits), THREADS, (*arrays, sums, N, C, S, splits))
    return sums, splits


def _planes(sizes: tuple[int, int, int]) -> int:
    return blocks_for(sizes[0] * sizes[1], _WARPS)
