"""Pre-activation ResNets for CIFAR, and their wide form: norm and ReLU stand before a convolution.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Identity mappings in deep residual networks", ECCV 2016,
figure 1 (b), tables 3 and 4. Wide: S. Zagoruyko, N. Komodakis, "Wide residual networks", BMVC 2016,
table 1, table 5.

What differs from the papers: nothing in the networks; where the shape changes, the shortcut is a
1 × 1 convolution of the block's first activation, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import conv1x1, conv3x3, he_fan_out, zero_bias
from ..published import Published
from ..weights import started


def _row(
    paper: str, table: int, layers: int, parameters: int, multiply_adds: int, error: float
) -> Published:
    return Published(
        layers, parameters, multiply_adds, (3, 32, 32), paper, f"the paper, table {table}", error,
        data="CIFAR-10",
    )  # fmt: skip


_HE = "He et al. 2016, identity mappings"
_WIDE = "Zagoruyko & Komodakis 2016"
PUBLISHED = {
    "preact_resnet110": _row(_HE, 3, 110, 1730522, 253149824, 6.37),
    "preact_resnet164": _row(_HE, 4, 164, 1703258, 247646720, 5.46),
    "preact_resnet1001": _row(_HE, 4, 1001, 10327706, 1490995712, 4.92),
    "wide_resnet16_8": _row(_WIDE, 5, 16, 10961370, 1548145664, 4.27),
    "wide_resnet28_10": _row(_WIDE, 5, 28, 36479194, 5243328768, 4.00),
    "wide_resnet40_4": _row(_WIDE, 5, 40, 8949210, 1298582016, 4.53),
}


class PreActBlock(nn.Module):
    """Two 3 × 3 convolutions, each after its norm and ReLU, beside a shortcut.

    a = relu(bn1(x)), y = conv2(dropout(relu(bn2(conv1(a))))) + s, s = x or shortcut(a)
    """

    expansion = 1

    def __init__(self, in_planes: int, planes: int, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv1 = conv3x3(in_planes, planes, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = conv3x3(planes, planes)
        same = stride == 1 and in_planes == planes
        self.shortcut = None if same else conv1x1(in_planes, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_planes, H, W) → (N, planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        active = F.relu(self.bn1(x))
        shortcut = x if self.shortcut is None else self.shortcut(active)
        branch = self.dropout(F.relu(self.bn2(self.conv1(active))))
        return self.conv2(branch) + shortcut


class PreActBottleneck(nn.Module):
    """1 × 1, 3 × 3, 1 × 1 convolutions, each after its norm and ReLU, beside a shortcut.

    The output has 4 · planes channels.
    """

    expansion = 4

    def __init__(self, in_planes: int, planes: int, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv1 = conv1x1(in_planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, stride)
        self.bn3 = nn.BatchNorm2d(planes)
        self.dropout = nn.Dropout(dropout)
        self.conv3 = conv1x1(planes, 4 * planes)
        same = stride == 1 and in_planes == 4 * planes
        self.shortcut = None if same else conv1x1(in_planes, 4 * planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_planes, H, W) → (N, 4 planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        active = F.relu(self.bn1(x))
        shortcut = x if self.shortcut is None else self.shortcut(active)
        branch = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return self.conv3(self.dropout(F.relu(self.bn3(branch)))) + shortcut


class PreActResNet(nn.Module):
    """A pre-activation residual network for images of 32 × 32.

        x (N, 3, 32, 32) → conv1 3×3 → layer1 (N, w₁ e, 32, 32) → layer2 (N, w₂ e, 16, 16)
        → layer3 (N, w₃ e, 8, 8) → bn, ReLU → mean over H and W → fc → (N, num_classes)

    block: PreActBlock (e = 1) or PreActBottleneck (e = 4); num_blocks: of each stage; widths: w;
    dropout: before the last convolution of each block.
    """

    def __init__(
        self,
        block: type[PreActBlock] | type[PreActBottleneck],
        num_blocks: Sequence[int],
        num_classes: int = 10,
        widths: Sequence[int] = (16, 32, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        channels = 16
        self.conv1 = conv3x3(3, channels)
        for stage, (blocks, width) in enumerate(zip(num_blocks, widths, strict=True)):
            layers = []
            for number in range(blocks):
                stride = 2 if stage > 0 and number == 0 else 1
                layers.append(block(channels, width, stride, dropout))
                channels = width * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, num_classes)
        he_fan_out(self)
        zero_bias(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W)."""
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.bn(x)), 1).flatten(1))


def preact_resnet110(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """Pre-activation ResNet-110 for CIFAR: 18 blocks in each stage."""
    return started(PreActResNet(PreActBlock, [18] * 3, **kwargs), weights)


def preact_resnet164(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """Pre-activation ResNet-164 for CIFAR: 18 bottlenecks in each stage."""
    return started(PreActResNet(PreActBottleneck, [18] * 3, **kwargs), weights)


def preact_resnet1001(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """Pre-activation ResNet-1001 for CIFAR: 111 bottlenecks in each stage."""
    return started(PreActResNet(PreActBottleneck, [111] * 3, **kwargs), weights)


def wide_resnet16_8(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """WRN-16-8 for CIFAR: 2 blocks in each stage, 8 times the width."""
    return _wide(16, 8, weights, kwargs)


def wide_resnet28_10(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """WRN-28-10 for CIFAR: 4 blocks in each stage, 10 times the width."""
    return _wide(28, 10, weights, kwargs)


def wide_resnet40_4(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> PreActResNet:
    """WRN-40-4 for CIFAR: 6 blocks in each stage, 4 times the width."""
    return _wide(40, 4, weights, kwargs)


def _wide(layers: int, factor: int, weights: Any, kwargs: dict[str, Any]) -> PreActResNet:
    kwargs.setdefault("widths", [16 * factor, 32 * factor, 64 * factor])
    return started(PreActResNet(PreActBlock, [(layers - 4) // 6] * 3, **kwargs), weights)
