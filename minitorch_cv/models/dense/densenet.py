"""DenseNet-BC for ImageNet: densenet121, densenet161, densenet169, densenet201.

Source: G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely connected convolutional
networks", CVPR 2017, table 1 (forms), table 3 (errors).

What differs from the paper: nothing in the networks; the published errors are those of
torchvision's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import one_and_zero, zero_bias
from ..published import torchvision_row
from ..weights import started

_PAPER = "Huang et al. 2017"
PUBLISHED = {
    "densenet121": torchvision_row(_PAPER, 121, 7978856, 2834161664, (74.434, 91.972)),
    "densenet161": torchvision_row(_PAPER, 161, 28681000, 7727907072, (77.138, 93.560)),
    "densenet169": torchvision_row(_PAPER, 169, 14149480, 3359843328, (75.600, 92.806)),
    "densenet201": torchvision_row(_PAPER, 201, 20013928, 4291365888, (76.896, 93.370)),
}


class DenseLayer(nn.Module):
    """Norm, ReLU, 1 × 1 to bn_size · growth_rate maps; norm, ReLU, 3 × 3 to growth_rate maps.

    It is called with the list of all maps before it (or with one tensor) and gives its own only.
    """

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float
    ) -> None:
        super().__init__()
        width = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(num_input_features, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, input: Any) -> Tensor:  # noqa: A002
        """[(N, C₁, H, W), (N, C₂, H, W), …] → (N, growth_rate, H, W)."""
        x = input if isinstance(input, Tensor) else cat(input, 1)
        x = self.conv1(self.relu1(self.norm1(x)))
        x = self.conv2(self.relu2(self.norm2(x)))
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate > 0 else x


class DenseBlock(nn.ModuleDict):
    """Layers denselayer1, denselayer2, … that each see the input and all layers before them.

    The maps are joined once more at the end: (N, C + num_layers · growth_rate, H, W).
    """

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
    ) -> None:
        super().__init__()
        for number in range(num_layers):
            width = num_input_features + number * growth_rate
            layer = DenseLayer(width, growth_rate, bn_size, drop_rate)
            self.add_module(f"denselayer{number + 1}", layer)

    def forward(self, init_features: Tensor) -> Tensor:
        """The input with the maps of all layers behind it."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class Transition(nn.Sequential):
    """Norm, ReLU, 1 × 1 convolution, mean pooling: fewer maps of half the size."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(num_input_features, num_output_features, 1, bias=False)
        self.pool = nn.AvgPool2d(2, stride=2)


class DenseNet(nn.Module):
    """Dense blocks with transitions between them that halve maps and size.

        x (N, 3, 224, 224) → conv0 7×7/2, norm0, ReLU, pool0 3×3/2 → (N, num_init_features, 56, 56)
        → denseblock1, transition1, …, denseblock4 → norm5 → (N, C, 7, 7) → ReLU
        → mean over H and W → classifier → (N, num_classes)

    growth_rate: maps that each layer adds (k); block_config: layers of each block; bn_size: a
    layer's 1 × 1 convolution has bn_size · k maps; drop_rate: dropout after each layer.
    memory_efficient: is accepted and changes nothing; activations are kept, not computed again.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        width = num_init_features
        self.features.add_module("conv0", nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(width))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        for number, layers in enumerate(block_config, 1):
            block = DenseBlock(layers, width, bn_size, growth_rate, drop_rate)
            self.features.add_module(f"denseblock{number}", block)
            width += layers * growth_rate
            if number < len(block_config):
                self.features.add_module(f"transition{number}", Transition(width, width // 2))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        one_and_zero(self)
        zero_bias(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of at least 29 × 29."""
        x = F.relu(self.features(x))
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


def _densenet(k: int, blocks: Any, init: int, weights: Any, kwargs: dict[str, Any]) -> DenseNet:
    return started(DenseNet(k, blocks, init, **kwargs), weights)


def densenet121(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-121: blocks of 6, 12, 24, 16 layers, k = 32."""
    return _densenet(32, (6, 12, 24, 16), 64, weights, kwargs)


def densenet161(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-161: blocks of 6, 12, 36, 24 layers, k = 48."""
    return _densenet(48, (6, 12, 36, 24), 96, weights, kwargs)


def densenet169(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-169: blocks of 6, 12, 32, 32 layers, k = 32."""
    return _densenet(32, (6, 12, 32, 32), 64, weights, kwargs)


def densenet201(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-201: blocks of 6, 12, 48, 32 layers, k = 32."""
    return _densenet(32, (6, 12, 48, 32), 64, weights, kwargs)
