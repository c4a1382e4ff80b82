"""DenseNet for CIFAR, plain and with bottlenecks and compression (BC).

Source: G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely connected convolutional
networks", CVPR 2017, sections 3 and 4.2, table 2 (C10+).

What differs from the paper: nothing in the networks.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import conv3x3, one_and_zero, zero_bias
from ..published import Published
from ..weights import started
from .densenet import DenseLayer, Transition


def _row(layers: int, parameters: int, multiply_adds: int, error: float) -> Published:
    return Published(
        layers, parameters, multiply_adds, (3, 32, 32), "Huang et al. 2017", "the paper, table 2",
        error, data="CIFAR-10",
    )  # fmt: skip


PUBLISHED = {
    "densenet40_12": _row(40, 1019722, 264812928, 5.24),
    "densenet100_12": _row(100, 6979642, 1769516448, 4.10),
    "densenet_bc100_12": _row(100, 769162, 287929692, 4.51),
    "densenet_bc250_24": _row(250, 15324406, 5418785724, 3.62),
    "densenet_bc190_40": _row(190, 25624430, 9301945740, 3.46),
}


class PlainLayer(nn.Module):
    """Norm, ReLU, 3 × 3 convolution to growth_rate maps; it gives its own maps only."""

    def __init__(self, in_features: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_features)
        self.relu1 = nn.ReLU()
        self.conv1 = conv3x3(in_features, growth_rate)
        self.drop_rate = float(drop_rate)

    def forward(self, features: list[Tensor]) -> Tensor:
        """[(N, C₁, H, W), (N, C₂, H, W), …] → (N, growth_rate, H, W)."""
        x = self.conv1(self.relu1(self.norm1(cat(features, 1))))
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate > 0 else x


class CifarDenseNet(nn.Module):
    """Three dense blocks for images of 32 × 32.

        x (N, 3, 32, 32) → conv0 3×3 → denseblock1, transition1, denseblock2, transition2,
        denseblock3 → norm3 → (N, C, 8, 8) → ReLU → mean over H and W → classifier

    depth: convolutions and the linear layer together, 3 n + 4, or 6 n + 4 with bottlenecks.
    growth_rate: maps that each layer adds. bottleneck: a 1 × 1 convolution before each 3 × 3 and
    transitions that halve the maps. drop_rate: dropout after each layer, while training.
    Raises ValueError for a depth that does not fit three equal blocks.
    """

    def __init__(
        self,
        depth: int = 40,
        growth_rate: int = 12,
        bottleneck: bool = False,
        num_classes: int = 10,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        step = 6 if bottleneck else 3
        if depth < 4 + step or (depth - 4) % step:
            raise ValueError(f"CifarDenseNet: depth is {step} n + 4 (got {depth})")
        width = 2 * growth_rate if bottleneck else 16
        self.features = nn.Sequential()
        self.features.add_module("conv0", conv3x3(3, width))
        for number in (1, 2, 3):
            block = _Block((depth - 4) // step, width, growth_rate, bottleneck, drop_rate)
            self.features.add_module(f"denseblock{number}", block)
            width += (depth - 4) // step * growth_rate
            if number < 3:
                out = width // 2 if bottleneck else width
                self.features.add_module(f"transition{number}", Transition(width, out))
                width = out
        self.features.add_module("norm3", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        one_and_zero(self)
        zero_bias(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W)."""
        x = F.relu(self.features(x))
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class _Block(nn.ModuleDict):
    def __init__(
        self, layers: int, width: int, growth_rate: int, bottleneck: bool, drop_rate: float
    ) -> None:
        super().__init__()
        for number in range(layers):
            given = width + number * growth_rate
            layer = (
                DenseLayer(given, growth_rate, 4, drop_rate)
                if bottleneck
                else PlainLayer(given, growth_rate, drop_rate)
            )
            self.add_module(f"denselayer{number + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


def densenet40_12(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarDenseNet:
    """DenseNet-40 for CIFAR, k = 12."""
    return started(CifarDenseNet(40, 12, **kwargs), weights)


def densenet100_12(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarDenseNet:
    """DenseNet-100 for CIFAR, k = 12."""
    return started(CifarDenseNet(100, 12, **kwargs), weights)


def densenet_bc100_12(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> CifarDenseNet:
    """DenseNet-BC-100 for CIFAR, k = 12."""
    return started(CifarDenseNet(100, 12, True, **kwargs), weights)


def densenet_bc250_24(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> CifarDenseNet:
    """DenseNet-BC-250 for CIFAR, k = 24."""
    return started(CifarDenseNet(250, 24, True, **kwargs), weights)


def densenet_bc190_40(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> CifarDenseNet:
    """DenseNet-BC-190 for CIFAR, k = 40."""
    return started(CifarDenseNet(190, 40, True, **kwargs), weights)
