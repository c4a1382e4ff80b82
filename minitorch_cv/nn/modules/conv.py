"""`Conv2d`: learned filters that slide over images."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from ...ops.geometry import pair
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..parameter import Parameter

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv2d(Module):
    """Slides out_channels filters of size kernel_size over images.

    Shapes: (N, in_channels, H, W) → (N, out_channels, OH, OW), or the same without N.
    weight: (out_channels, in_channels / groups, KH, KW), bias: (out_channels,); both start uniform
    in ±1 / √(in_channels / groups · KH · KW). Arguments as in `functional.conv2d`; padding_mode:
    what the border is made of. Raises ValueError for arguments that do not fit together.
    """

    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _judge_channels(in_channels, out_channels, groups)
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"Conv2d: padding_mode is one of {', '.join(_PADDING_MODES)} (got {padding_mode!r})"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size, "Conv2d", "kernel_size")
        self.stride = pair(stride, "Conv2d", "stride")
        self.padding = _judge_padding(padding, self.stride)
        self.dilation = pair(dilation, "Conv2d", "dilation")
        self.groups = groups
        self.padding_mode = padding_mode
        for name in ("kernel_size", "stride", "dilation"):
            if min(getattr(self, name)) < 1:
                raise ValueError(f"Conv2d: {name} is at least 1 (got {getattr(self, name)})")
        self._border = self._worked_out_border()
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # bound 1 / √fan_in
        if self.bias is not None:
            fan_in, _ = init.fan_in_and_out(self.weight)
            if fan_in:
                init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def _worked_out_border(self) -> tuple[int, int, int, int]:
        """(left, right, top, bottom), for the padding modes that `functional.pad` does."""
        if self.padding == "valid":
            return (0, 0, 0, 0)
        if self.padding != "same":
            PH, PW = self.padding
            return (PW, PW, PH, PH)
        total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        top, left = total[0] // 2, total[1] // 2
        return (left, total[1] - left, top, total[0] - top)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The filtered images."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._border, mode=self.padding_mode)  # noqa: A001
            padding = 0
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0, 0):
            text += f", padding={self.padding}"
        if self.dilation != (1, 1):
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _judge_channels(in_channels: int, out_channels: int, groups: int) -> None:
    if groups < 1:
        raise ValueError(f"Conv2d: groups is at least 1 (got {groups})")
    for name, count in (("in_channels", in_channels), ("out_channels", out_channels)):
        if count < 0:
            raise ValueError(f"Conv2d: {name} is not negative (got {count})")
        if count % groups:
            raise ValueError(
                f"Conv2d: {name} is divisible by groups (got {name}={count}, groups={groups})"
            )


def _judge_padding(padding: Any, stride: tuple[int, int]) -> Any:
    if not isinstance(padding, str):
        pads = pair(padding, "Conv2d", "padding")
        if min(pads) < 0:
            raise ValueError(f"Conv2d: padding is not negative (got {pads})")
        return pads
    if padding not in ("same", "valid"):
        raise ValueError(f"Conv2d: padding is 'same', 'valid' or numbers (got {padding!r})")
    if padding == "same" and stride != (1, 1):
        raise ValueError(f"Conv2d: padding='same' needs stride 1 (got {stride}); use numbers")
    return padding
