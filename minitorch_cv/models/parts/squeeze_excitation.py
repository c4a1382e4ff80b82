"""Squeeze and excitation: each map is scaled by a number that all maps have a say in.

Source: J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks", CVPR 2018, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

from ... import nn
from ...autograd.tensor import Tensor


class SqueezeExcitation(nn.Module):
    """Scales each map by a gate that is computed from the means of all maps.

        y = x · σ(W₂ δ(W₁ mean(x))), the mean over H and W

    activation and scale_activation build δ and σ: ReLU and the sigmoid by default.
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[..., nn.Module] = nn.ReLU,
        scale_activation: Callable[..., nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The maps (N, C, H, W), each times its gate in 0 … 1."""
        gate = self.activation(self.fc1(self.avgpool(input)))  # (N, squeeze_channels, 1, 1)
        return input * self.scale_activation(self.fc2(gate))
