"""batch_norm of packed images: batch_norm.cu. Statistics and parameters are float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..launch import THREADS, Source, contiguous, device_of, is_on_device, launch
from .array import Packed, packed, packs_of

KERNELS = Source("packed/batch_norm.cu")
_PACKS = 32  # of neighbouring channels that a block has, at most
_TOGETHER = 4  # pixels that a thread reads at once, as in batch_norm.cu
_ENOUGH = 1024  # blocks that keep the largest GPU busy
_MOST_PIXELS = 128  # that a thread adds up in float32
_MOST_SPLITS = 65535  # blocks along y


def supports(x: Any, *others: Any, **_: Any) -> bool:
    given = [a for a in others if a is not None]
    if not isinstance(x, Packed) or not x.size or not is_on_device(*given):
        return False
    return all(a.dtype == np.float32 for a in given)


def forward(
    x: Packed, weight: Any, bias: Any, running_mean: Any, running_var: Any, *, training: bool,
    eps: float,
) -> tuple[tuple[Any, Any, Any], tuple[Any, ...]]:  # fmt: skip
    gpu, share, C = device_of(x.bits), _share(x), x.shape[1]
    weight_, bias_, mean, var = contiguous(weight, bias, running_mean, running_var)
    inverse, sums = gpu.empty((C,), np.float32), None
    made: tuple[Any, Any, Any] = (var, None, None)
    if training:
        sums = share.sums("packed_batch_norm_sums", x.bits)
        mean, var = (gpu.empty((C,), np.float32) for _ in range(2))
        made = (None, mean, var)
    given = (x.bits, sums, *made, inverse, share.pixels, C, share.splits, float(eps))
    launch(KERNELS, "packed_batch_norm_moments", share.warps, THREADS, given)
    y = x.like()
    share.launch("packed_batch_norm_forward", x.bits, mean, inverse, weight_, bias_, y.bits)
    across = (1, C) + (1,) * (x.ndim - 2)
    bias_dtype = None if bias is None else bias.dtype
    fields = (x, weight, mean.reshape(across), inverse.reshape(across), bias_dtype, training)
    return (y, mean, var), fields


def backward(gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight = saved.x, saved.weight
    if not isinstance(x, Packed):
        return NotImplemented
    g, share, C = packed(gy), _share(x), x.shape[1]
    mean, inverse, weight_ = contiguous(
        saved.mean.reshape((C,)), saved.inverse.reshape((C,)), weight
    )
    gweight = gbias = gx = None
    if needs[1] or needs[2] or saved.training:
        sums = share.sums("packed_batch_norm_gradient_sums", g.bits, x.bits, mean)
        gbias, gweight = share.slopes(sums, inverse)
    if needs[0]:
        gx = x.like()
        along = (gweight, gbias) if saved.training else (None, None)
        given = (g.bits, x.bits, mean, inverse, weight_, *along, gx.bits)
        share.launch("packed_batch_norm_backward", *given)
    gweight = gweight if needs[1] and weight is not None else None
    return gx, gweight, gbias if needs[2] and saved.bias_dtype is not None else None, None, None


def channel_sums(gy: Packed) -> Any:
    """The sum over each channel, (C,) in float32: the gradient of a bias."""
    share = _share(gy)
    sums = share.sums("packed_batch_norm_gradient_sums", gy.bits, None, None)
    return share.slopes(sums, None)[0]


class _Share(NamedTuple):
    """How the pixels are shared by blocks, in all passes.

    packs: that a block has along x; blocks: so many there are along x; length: pixels of a block;
    splits: blocks along y.
    """

    pixels: int
    C: int
    packs: int
    blocks: int
    length: int
    splits: int

    @property
    def warps(self) -> int:
        """Blocks of which each channel has a warp."""
        return -(-self.C // (THREADS // 32))

    def launch(self, name: str, *given: Any) -> None:
        block, grid = (self.packs, THREADS // self.packs), (self.blocks, self.splits)
        launch(KERNELS, name, grid, block, (*given, self.pixels, self.C, self.length))

    def sums(self, name: str, first: Any, *others: Any) -> Any:
        """Two sums over each channel, in as many parts as it has blocks: (2, C, splits)."""
        sums = device_of(first).empty((2, self.C, self.splits), np.float64)
        block, grid = (self.packs, THREADS // self.packs), (self.blocks, self.splits)
        given = (first, *others, sums, self.pixels, self.C, self.length, self.splits)
        launch(KERNELS, name, grid, block, given)
        return sums

    def slopes(self, sums: Any, inverse: Any) -> tuple[Any, Any]:
        """(gbias, gweight) of what the blocks have left; no gweight without inverse."""
        gpu = device_of(sums)
        gbias = gpu.empty((self.C,), np.float32)
        gweight = None if inverse is None else gpu.empty((self.C,), np.float32)
        given = (sums, inverse, gbias, gweight, self.C, self.splits)
        launch(KERNELS, "packed_batch_norm_slopes", self.warps, THREADS, given)
        return gbias, gweight


def _share(x: Packed) -> _Share:
    """As few blocks as keep the GPU busy, and so many that no thread adds up too much."""
    C = x.shape[1]
    pixels, in_pixel = x.size // C, packs_of(C)
    packs = min(1 << (in_pixel - 1).bit_length(), _PACKS)
    blocks, rows = -(-in_pixel // packs), THREADS // packs
    wanted = max(_ENOUGH // blocks, -(-pixels // (rows * _MOST_PIXELS)))
    splits = max(1, min(wanted, -(-pixels // (rows * _TOGETHER)), _MOST_SPLITS))
    length = -(-pixels // splits)
    return _Share(pixels, C, packs, blocks, length, -(-pixels // length))
