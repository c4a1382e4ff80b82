"""ResNet-18 and 34 as course listings write them: pool before norm, biased convolutions.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
table 1, for depths and widths.

What differs from the paper and from torchvision (`resnet18`): the stem pools first, conv 7 × 7 / 2
→ max pool 3 × 3 / 2 → batch norm → ReLU, so that the norm sees a quarter of the pixels; every
convolution has a bias, which the batch norm behind it takes out again (in the stem the pooling
between them changes nothing about that); a shortcut that changes the shape is a 1 × 1 convolution
with a stride of its own and batch norm, and all others are an empty Sequential; weights start as
each layer starts them. The names are those of the listings: layer0 … layer4, gap, fc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..published import Published
from ..weights import started

_HE = "He et al. 2016"
PUBLISHED = {
    "resnet18_lecture": Published(18, 11694312, 1814073344, (3, 224, 224), _HE),
    "resnet34_lecture": Published(34, 21806184, 3663761408, (3, 224, 224), _HE),
}


class LectureBlock(nn.Module):
    """Two biased 3 × 3 convolutions beside a shortcut.

        y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))

    stride: of conv1 and of the shortcut, which is x itself where the shape does not change.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride=1, padding=1)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride),
                nn.BatchNorm2d(out_channels),
            )
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) → (N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉)."""
        branch = F.relu(self.bn1(self.conv1(x)))
        return F.add_relu(self.bn2(self.conv2(branch)), self.shortcut(x))


class LectureResNet(nn.Module):
    """A residual network for images of about 224 × 224, as course listings write it.

        x (N, 3, 224, 224) → layer0: conv 7×7/2, max pool 3×3/2, batch norm, ReLU (N, 64, 56, 56)
        → layer1 (N, 64, 56, 56) → layer2 (N, 128, 28, 28) → layer3 (N, 256, 14, 14)
        → layer4 (N, 512, 7, 7) → gap: mean over H and W → fc → (N, num_classes)

    layers: how many blocks each of the four stages has.
    """

    def __init__(
        self, layers: Sequence[int], num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        self.layer0 = nn.Sequential(
            nn.Conv2d(in_channels, 64, 7, stride=2, padding=3),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        self.layer1 = _stage(64, 64, layers[0], 1)
        self.layer2 = _stage(64, 128, layers[1], 2)
        self.layer3 = _stage(128, 256, layers[2], 2)
        self.layer4 = _stage(256, 512, layers[3], 2)
        self.gap = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, in_channels, H, W) of any size."""
        x = self.layer0(x)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.gap(x).flatten(1))


def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
    """Blocks of one width; the first changes the size."""
    first = LectureBlock(in_channels, out_channels, stride)
    return nn.Sequential(
        first, *(LectureBlock(out_channels, out_channels) for _ in range(1, blocks))
    )


def resnet18_lecture(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> LectureResNet:
    """ResNet-18 of course listings: pool before norm, biased convolutions."""
    return started(LectureResNet([2, 2, 2, 2], **kwargs), weights)


def resnet34_lecture(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> LectureResNet:
    """ResNet-34 of course listings: pool before norm, biased convolutions."""
    return started(LectureResNet([3, 4, 6, 3], **kwargs), weights)
