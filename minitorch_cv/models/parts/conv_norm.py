"""Convolutions as the families of the last ten years use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn


def conv3x3(
    in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """3 × 3 with a border that keeps the size at stride 1, without bias: batch norm follows."""
    return nn.Conv2d(
        in_planes, out_planes, 3, stride, dilation, dilation=dilation, groups=groups, bias=False
    )


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    """1 × 1, without bias."""
    return nn.Conv2d(in_planes, out_planes, 1, stride, bias=False)


class Conv2dNormActivation(nn.Sequential):
    """Convolution, norm, activation: modules 0, 1 and 2 of a Sequential.

    padding: by default what keeps the size at stride 1. bias: by default where no norm follows.
    norm_layer, activation_layer: called to build them; None leaves them out.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        norm_layer: Callable[..., nn.Module] | None = nn.BatchNorm2d,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU,
        dilation: int = 1,
        bias: bool | None = None,
    ) -> None:
        border = (kernel_size - 1) // 2 * dilation if padding is None else padding
        layers: list[Any] = [
            nn.Conv2d(
                in_channels, out_channels, kernel_size, stride, border, dilation, groups,
                bias=norm_layer is None if bias is None else bias,
            )
        ]  # fmt: skip
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer())
        super().__init__(*layers)
        self.out_channels = out_channels
