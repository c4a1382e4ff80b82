"""conv and conv_transpose in bfloat16 by NVIDIA's own library: packed images, float32 weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..conv.channels_last import Last, last, widen_second, without_row
from ..conv.conv import Conv
from ..conv.conv_transpose import ConvTranspose
from ..elementwise.bfloat16 import add_and_round
from .array import Packed, bits_of, packed, with_bias
from .batch_norm import channel_sums


class Bfloat16(Last):
    """Images go as they are where they are packed, else narrowed; what comes back is packed."""

    dtypes = ("float32",)
    keeps = True

    def lies(self, x: Any) -> Any:
        return bits_of(x)

    def type_of(self, x: Any) -> str:  # noqa: ARG002
        return "bfloat16"

    def empty(self, gpu: Any, shape: tuple[int, ...], kind: str) -> Any:  # noqa: ARG002
        return gpu.empty(last(shape), np.uint16)

    def pack(self, x: Any) -> Any:
        return packed(x).bits

    def unpack(self, y: Any, ndim: int, b: Any = None) -> Any:
        return widen_second(without_row(y, ndim), b)

    def deliver(self, y: Any, ndim: int, b: Any = None) -> Any:
        y = without_row(y, ndim)
        images = Packed(y, (y.shape[0], y.shape[-1], *y.shape[1:-1]))
        return images if b is None else with_bias(images, b)

    def channel_sums(self, gy: Any) -> Any:
        """Rounded, as all gradients of ops in bfloat16 are."""
        return add_and_round(channel_sums(packed(gy)))


BFLOAT16 = Bfloat16()
CONV, CONV_TRANSPOSE = Conv(BFLOAT16), ConvTranspose(BFLOAT16)
