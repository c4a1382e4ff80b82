"""batch_norm on the GPU: batch_norm.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..launch import THREADS, Source, contiguous, device_of, is_on_device, launch

KERNELS = Source("norm/batch_norm.cu")
_WARPS = THREADS // 32
_AT_ONCE = 4  # segments that a warp takes, as in batch_norm.cu
_SHORTEST, _LONGEST = 128, 1024  # values of a segment: lanes with four each, once and eight times
_ENOUGH = 1024  # blocks that keep the largest GPU busy
_SEGMENTS = 2**14  # in all, for half of the warps that the largest GPU holds
_MOST_VALUES = 2**30  # of a channel: they are counted in 32 bits


def supports(x: Any, *others: Any, **_: Any) -> bool:
    given = [x, *(a for a in others if a is not None)]
    if not is_on_device(*given) or not x.size:
        return False
    return x.size // x.shape[1] < _MOST_VALUES and all(a.dtype == np.float32 for a in given)


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
        sums = _share(x).sums("batch_norm_gradient_sums", g, image, mean)
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
        sums = _share(x).sums("batch_norm_add_relu_gradient_sums", *arrays, gshortcut)
        image, mean = arrays[2:]
        slopes = _slopes(gshortcut, image, mean, sums, saved, (needs[0], *needs[2:4]))
        return (slopes[0], gshortcut if needs[1] else None, *slopes[1:], None, None)


ADD_RELU = _AddRelu()


def _forward(
    name: str, images: Sequence[Any], given: Sequence[Any], training: bool, eps: float
) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:
    """images: x, and the shortcut where the kernel takes one; given: what there is by channel."""
    x, (weight, bias, running_mean, running_var) = images[0], given
    gpu, share, C = device_of(x), _share(x), x.shape[1]
    arrays = contiguous(*images)
    inverse, y = gpu.empty((C,), np.float32), gpu.empty(x.shape, np.float32)
    if training:
        sums = share.sums("batch_norm_sums", arrays[0])
        mean, var = (gpu.empty((C,), np.float32) for _ in range(2))
        statistics = (sums, None, None, *contiguous(weight, bias), mean, var)
    else:
        mean, var = contiguous(running_mean, running_var)
        statistics = (None, mean, var, *contiguous(weight, bias), None, None)
    share.launch(name, *arrays, *statistics, inverse, y, *share, float(eps))
    across = (1, C) + (1,) * (x.ndim - 2)
    bias_dtype = None if bias is None else bias.dtype
    fields = (x, weight, mean.reshape(across), inverse.reshape(across), bias_dtype, training)
    return (y, mean, var), fields


def _slopes(
    g: Any, image: Any, mean: Any, sums: Any, saved: Any, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """(gx, gweight, gbias). g: the gradient of γ x̂ + β; sums: of g and g (x − mean), or None."""
    gpu, share, C = device_of(image), _share(image), image.shape[1]
    inverse, weight = contiguous(saved.inverse.reshape((C,)), saved.weight)
    gweight = gbias = gx = None
    if sums is not None:
        gweight, gbias = gpu.empty((C,), np.float32), gpu.empty((C,), np.float32)
    if needs[0]:
        gx = gpu.empty(image.shape, np.float32)
    if needs[0] or sums is not None:
        given = (g, image, mean, inverse, weight, sums, gweight, gbias, gx)
        share.launch("batch_norm_backward", *given, *share, saved.training)
    gweight = gweight if needs[1] and weight is not None else None
    if not needs[2] or saved.bias_dtype is None:
        gbias = None
    return gx, gweight, gbias


class _Share(NamedTuple):
    """How the images' channels are shared by blocks, in both passes.

    length: of a segment; splits: how many blocks have a channel.
    """

    N: int
    C: int
    S: int
    length: int
    splits: int

    def launch(self, name: str, *given: Any) -> None:
        launch(KERNELS, name, (self.C, self.splits), THREADS, given)

    def sums(self, name: str, *arrays: Any) -> Any:
        """Two sums over each channel, in as many parts as it has blocks: (2, C, splits)."""
        sums = device_of(arrays[0]).empty((2, self.C, self.splits), np.float64)
        self.launch(name, *arrays, sums, *self)
        return sums


def _share(x: Any) -> _Share:
    """Segments of one length, so many that all warps have some; as few splits as keep them busy."""
    N, C, S = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    runs = max(-(-S // _LONGEST), min(-(-S // _SHORTEST), _SEGMENTS // (N * C)))
    length = -(-S // (4 * runs)) * 4
    groups = -(-N * -(-S // length) // _AT_ONCE)
    splits = max(1, min(-(-groups // _WARPS), _ENOUGH // C))
    turns = -(-groups // (_WARPS * splits))
    return _Share(N, C, S, length, -(-groups // (_WARPS * turns)))
