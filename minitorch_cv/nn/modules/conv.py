"""`Conv1d`, `Conv2d`, `Conv3d`: learned filters that slide over sequences, images and volumes."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from ...ops.geometry import is_int, numbers_from
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..parameter import Parameter

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What all convolutions hold: the numbers of their windows, weight and bias.

    axes: 1, 2 or 3 axes of space. transposed: the weight is (in, out / groups, …) instead of
    (out, in / groups, …).
    """

    axes = 2
    transposed = False
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self._judge_channels(in_channels, out_channels, groups)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._numbers("kernel_size", kernel_size, 1)
        self.stride = self._numbers("stride", stride, 1)
        self.padding: Any = padding
        if not isinstance(padding, str):
            self.padding = self._numbers("padding", padding, 0)
        self.dilation = self._numbers("dilation", dilation, 1)
        self.output_padding = self._numbers("output_padding", output_padding, 0)
        self.groups = groups
        self.padding_mode = padding_mode
        outer, inner = out_channels, in_channels // groups
        if self.transposed:
            outer, inner = in_channels, out_channels // groups
        shape = (outer, inner, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _numbers(self, name: str, value: Any, least: int) -> tuple[int, ...]:
        layer = type(self).__name__
        if name == "kernel_size" and isinstance(value, (tuple, list)) and len(value) != self.axes:
            raise TypeError(
                f"{layer}: kernel_size has one number for each of {self.axes} axes (got {value!r})"
            )
        return numbers_from(value, self.axes, layer, name, least)

    def _judge_channels(self, in_channels: int, out_channels: int, groups: int) -> None:
        layer = type(self).__name__
        if groups < 1:
            raise ValueError(f"{layer}: groups is at least 1 (got {groups})")
        for name, count in (("in_channels", in_channels), ("out_channels", out_channels)):
            if not is_int(count):
                raise TypeError(f"{layer}: {name} is an int (got {count!r})")
            if count < 0:
                raise ValueError(f"{layer}: {name} is not negative (got {count})")
            if count % groups:
                raise ValueError(
                    f"{layer}: {name} is divisible by groups (got {name}={count}, groups={groups})"
                )

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # bound 1 / √fan_in
        if self.bias is not None:
            fan_in, _ = init.fan_in_and_out(self.weight)
            if fan_in:
                init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def extra_repr(self) -> str:
        zeros, ones = (0,) * self.axes, (1,) * self.axes
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != zeros:
            text += f", padding={self.padding}"
        if self.dilation != ones:
            text += f", dilation={self.dilation}"
        if self.output_padding != zeros:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    """Slides filters and adds up what lies below them (a cross-correlation: no flip).

        y[n, o, p] = b[o] + Σ_{c, i} w[o, c, i] x̄[n, c, p · stride + i · dilation]

    for one axis of space, and alike with index pairs or triples for p and i; x̄ is x with a border
    of `padding`, c runs over the in_channels / groups channels of the group that o belongs to.

    weight: (out_channels, in_channels / groups, *kernel_size), bias: (out_channels,); both start
    uniform in ±1 / √(in_channels / groups · kernel elements). stride, padding, dilation: a number,
    or one for each axis; padding "same" keeps the size (stride 1 alone; an odd rest goes to the
    end), "valid" is none. padding_mode: what the border is made of: "zeros", "reflect",
    "replicate" or "circular".

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    section II.
    """

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
        layer = type(self).__name__
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"{layer}: padding_mode is one of {', '.join(_PADDING_MODES)} "
                f"(got {padding_mode!r})"
            )
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"{layer}: padding is 'same', 'valid' or numbers (got {padding!r})")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        if padding == "same" and set(self.stride) != {1}:
            raise ValueError(
                f"{layer}: padding='same' needs stride 1 (got {self.stride}); use numbers"
            )
        self._border = self._worked_out_border()

    def _worked_out_border(self) -> tuple[int, ...]:
        """(left, right, top, bottom), for the padding modes that `functional.pad` does."""
        if self.padding == "valid":
            ends = [(0, 0)] * self.axes
        elif self.padding == "same":
            both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            ends = [(total // 2, total - total // 2) for total in both]
        else:
            ends = [(pad, pad) for pad in self.padding]
        return tuple(number for pair in reversed(ends) for number in pair)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The filtered input."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._border, mode=self.padding_mode)  # noqa: A001
            padding = 0
        function = (F.conv1d, F.conv2d, F.conv3d)[self.axes - 1]
        return function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv1d(_Conv):
    """Slides out_channels filters over sequences.

    Shapes: (N, in_channels, L) → (N, out_channels, OL), or the same without N;
    OL = ⌊(L + 2 padding − dilation (K − 1) − 1) / stride⌋ + 1.
    """

    axes = 1


class Conv2d(_Conv):
    """Slides out_channels filters over images.

    Shapes: (N, in_channels, H, W) → (N, out_channels, OH, OW), or the same without N;
    OH = ⌊(H + 2 padding − dilation (KH − 1) − 1) / stride⌋ + 1, OW alike.
    """

    axes = 2


class Conv3d(_Conv):
    """Slides out_channels filters over volumes, or over images that follow one another in time.

    Shapes: (N, in_channels, D, H, W) → (N, out_channels, OD, OH, OW), or the same without N;
    OD = ⌊(D + 2 padding − dilation (KD − 1) − 1) / stride⌋ + 1, OH and OW alike.
    """

    axes = 3
