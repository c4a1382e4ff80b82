"""batch_norm on the GPU: batch_norm.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, contiguous, device_of, is_on_device, launch
from ..rows import share_rows

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
    given = (weight, bias, running_mean, running_var)
    return _forward("batch_norm_forward", (x,), given, training, eps)


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, training = saved.x, saved.training
    if not supports(x, saved.weight, saved.mean, saved.inverse):
        return NotImplemented
    g, image, mean = contiguous(gy, x, saved.mean.reshape((x.shape[1],)))
    sums = None
    if needs[1] or needs[2] or training:
        sums = _sums("batch_norm_gradient_sums", _sizes(x), g, image, mean)
    return (*_slopes(g, image, mean, sums, saved, needs), None, None)


class _AddRelu:
    """batch_norm_add_relu: the sum with a shortcut and ReLU in the same launches."""

    supports = staticmethod(supports)

    def forward(
        self, x: Any, shortcut: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
        *, training: bool, eps: float,
    ) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:  # fmt: skip
        given = (weight, bias, running_mean, running_var)
        name = "batch_norm_add_relu_forward"
        result, fields = _forward(name, (x, shortcut), given, training, eps)
        return result, (*fields, result[0])

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        x = saved.x
        if not supports(x, saved.weight, saved.mean, saved.inverse, saved.y):
            return NotImplemented
        arrays = contiguous(gy, saved.y, x, saved.mean.reshape((x.shape[1],)))
        gshortcut = device_of(x).empty(x.shape, np.float32)
        sums = _sums("batch_norm_add_relu_gradient_sums", _sizes(x), *arrays, gshortcut)
        image, mean = arrays[2:]
        slopes = _slopes(gshortcut, image, mean, sums, saved, (needs[0], *needs[2:4]))
        return (slopes[0], gshortcut if needs[1] else None, *slopes[1:], None, None)


ADD_RELU = _AddRelu()


def _forward(
    name: str, images: Sequence[Any], given: Sequence[Any], training: bool, eps: float
) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:
    """images: x, and the shortcut where the kernel takes one; given: what there is by channel."""
    x, (weight, bias, running_mean, running_var) = images[0], given
    gpu, sizes = device_of(x), _sizes(x)
    xp, C = gpu.namespace, sizes[1]
    arrays = contiguous(*images)
    if training:
        mean, var, inverse = (gpu.empty((C,), np.float32) for _ in range(3))
        sums = _sums("batch_norm_sums", sizes, arrays[0])
        statistics = (arrays[0], sums, mean, var, inverse, *sizes, sums.shape[2], float(eps))
        launch(KERNELS, "batch_norm_statistics", blocks_for(C), THREADS, statistics)
    else:
        mean, var = contiguous(running_mean, running_var)
        inverse = 1 / xp.sqrt(var + np.float32(eps))
    y = gpu.empty(x.shape, np.float32)
    parameters = contiguous(weight, bias)
    _over_planes(name, sizes, (*arrays, mean, inverse, *parameters, y, *sizes))
    across = (1, C) + (1,) * (x.ndim - 2)
    bias_dtype = None if bias is None else bias.dtype
    fields = (x, weight, mean.reshape(across), inverse.reshape(across), bias_dtype, training)
    return (y, mean, var), fields


def _slopes(
    g: Any, image: Any, mean: Any, sums: Any, saved: Any, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """(gx, gweight, gbias). g: the gradient of γ x̂ + β; sums: of g and g (x − mean), or None."""
    gpu, sizes, training = device_of(image), _sizes(image), saved.training
    C = sizes[1]
    inverse, weight = contiguous(saved.inverse.reshape((C,)), saved.weight)
    gweight = gbias = gx = None
    if sums is not None:
        gweight, gbias = gpu.empty((C,), np.float32), gpu.empty((C,), np.float32)
        parts = (sums, inverse, gweight, gbias, C, sums.shape[2])
        launch(KERNELS, "batch_norm_parameter_gradients", blocks_for(C), THREADS, parts)
    if needs[0]:
        gx = gpu.empty(image.shape, np.float32)
        given = (g, image, mean, inverse, weight, gweight, gbias, gx, *sizes, int(training))
        _over_planes("batch_norm_backward", sizes, given)
    gweight = gweight if needs[1] and weight is not None else None
    if not needs[2] or saved.bias_dtype is None:
        gbias = None
    return gx, gweight, gbias


def _sizes(x: Any) -> tuple[int, int, int]:
    """(N, C, S)"""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def _sums(name: str, sizes: tuple[int, int, int], *arrays: Any) -> Any:
    """Two sums over each channel, in as many parts as the shape asks for: (2, C, splits)."""
    N, C, S = sizes
    pieces = N * -(-S // _PIECE)
    splits = max(1, min(-(-pieces // (_WARPS * _PIECES)), -(-_ENOUGH // C)))
    sums = device_of(arrays[0]).empty((2, C, splits), np.float64)
    launch(KERNELS, name, (C, splits), THREADS, (*arrays, sums, N, C, S, splits))
    return sums


def _over_planes(name: str, sizes: tuple[int, int, int], given: Sequence[Any]) -> None:
    grid, block, *_ = share_rows(sizes[0] * sizes[1], sizes[2])
    launch(KERNELS, name, grid, block, given)
