"""Inception-ResNet v2: Inception modules whose answer is scaled down and added to their input.

Source: C. Szegedy, S. Ioffe, V. Vanhoucke, A. A. Alemi, "Inception-v4, Inception-ResNet and the
impact of residual connections on learning", AAAI 2017, figures 15 to 19, section 3.3, table 2.

What differs from the paper, as in the authors' own code: the stem is Inception v3's, the first
module has four branches, the counts of modules are 10, 20 and 10 (the paper: 5, 10, 5), and the
widths of the 17 × 17 and 8 × 8 modules are 1088 and 2080. No auxiliary head. The names of the
weights are those of the ported weights in common use.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..published import Published
from ..weights import started
from .blocks import BasicConv2d, start_truncated
from .inception_v4 import Branches, chain, one, pooled

PUBLISHED = {
    "inception_resnet_v2": Published(
        176,
        55843464,
        13155794016,
        (3, 299, 299),
        "Szegedy et al. 2017",
        "the paper, table 2",
        19.9,
        4.9,
    ),
}


class ResidualBlock(nn.Module):
    """Branches, joined by a 1 × 1 convolution, scaled and added to the input.

        y = relu(x + scale · conv2d([branch0(x), branch1(x), …]))

    joined: channels of all branches together. relu: whether a ReLU follows.
    """

    def __init__(
        self, branches: list[nn.Module], joined: int, channels: int, scale: float, relu: bool = True
    ) -> None:
        super().__init__()
        for number, branch in enumerate(branches):
            setattr(self, f"branch{number}", branch)
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self.scale = scale
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) → the same shape."""
        branches = [part for name, part in self.named_children() if name != "conv2d"]
        y = x + self.conv2d(cat([branch(x) for branch in branches], 1)) * self.scale
        return F.relu(y) if self.relu else y


def block35(scale: float = 0.17) -> ResidualBlock:
    """The 35 × 35 module, on 320 maps."""
    branches = [
        one(320, 32),
        chain(320, 32, 32, windows=(1, 3)),
        chain(320, 32, 48, 64, windows=(1, 3, 3)),
    ]
    return ResidualBlock(branches, 128, 320, scale)


def block17(scale: float = 0.10) -> ResidualBlock:
    """The 17 × 17 module, on 1088 maps."""
    branches = [one(1088, 192), chain(1088, 128, 160, 192, windows=(1, (1, 7), (7, 1)))]
    return ResidualBlock(branches, 384, 1088, scale)


def block8(scale: float = 0.20, relu: bool = True) -> ResidualBlock:
    """The 8 × 8 module, on 2080 maps."""
    branches = [one(2080, 192), chain(2080, 192, 224, 256, windows=(1, (1, 3), (3, 1)))]
    return ResidualBlock(branches, 448, 2080, scale, relu)


class InceptionResNetV2(nn.Module):
    """A stem, then 10, 20 and 10 residual Inception modules with reductions between them.

        x (N, 3, 299, 299) → conv2d_1a … mixed_5b (N, 320, 35, 35) → repeat, mixed_6a
        (N, 1088, 17, 17) → repeat_1, mixed_7a (N, 2080, 8, 8) → repeat_2, block8 → conv2d_7b
        (N, 1536, 8, 8) → mean → dropout → last_linear

    modules: how many modules `repeat`, `repeat_1`, `repeat_2` have. init_weights: normal within
    ± 2, deviation 0.1.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        dropout: float = 0.2,
        modules: tuple[int, int, int] = (10, 20, 9),
        init_weights: bool = True,
    ) -> None:
        super().__init__()
        self.conv2d_1a = BasicConv2d(3, 32, kernel_size=3, stride=2)
        self.conv2d_2a = BasicConv2d(32, 32, kernel_size=3)
        self.conv2d_2b = BasicConv2d(32, 64, kernel_size=3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = one(64, 80)
        self.conv2d_4a = BasicConv2d(80, 192, kernel_size=3)
        self.maxpool_5a = nn.MaxPool2d(3, stride=2)
        self.mixed_5b = Branches(
            one(192, 96),
            chain(192, 48, 64, windows=(1, 5)),
            chain(192, 64, 96, 96, windows=(1, 3, 3)),
            pooled(192, 64),
        )
        self.repeat = nn.Sequential(*(block35() for _ in range(modules[0])))
        self.mixed_6a = Branches(
            BasicConv2d(320, 384, kernel_size=3, stride=2),
            chain(320, 256, 256, 384, windows=(1, 3, 3), last_stride=2),
            nn.MaxPool2d(3, stride=2),
        )
        self.repeat_1 = nn.Sequential(*(block17() for _ in range(modules[1])))
        self.mixed_7a = Branches(
            chain(1088, 256, 384, windows=(1, 3), last_stride=2),
            chain(1088, 256, 288, windows=(1, 3), last_stride=2),
            chain(1088, 256, 288, 320, windows=(1, 3, 3), last_stride=2),
            nn.MaxPool2d(3, stride=2),
        )
        self.repeat_2 = nn.Sequential(*(block8() for _ in range(modules[2])))
        self.block8 = block8(1.0, relu=False)
        self.conv2d_7b = one(2080, 1536)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(1536, num_classes)
        if init_weights:
            start_truncated(self, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of at least 75 × 75."""
        x = self.maxpool_3a(self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x))))
        x = self.maxpool_5a(self.conv2d_4a(self.conv2d_3b(x)))  # (N, 192, 35, 35)
        x = self.mixed_6a(self.repeat(self.mixed_5b(x)))  # (N, 1088, 17, 17)
        x = self.mixed_7a(self.repeat_1(x))  # (N, 2080, 8, 8)
        x = self.conv2d_7b(self.block8(self.repeat_2(x)))  # (N, 1536, 8, 8)
        return self.last_linear(self.dropout(self.avgpool(x).flatten(1)))


def inception_resnet_v2(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> InceptionResNetV2:
    """Inception-ResNet v2."""
    return started(InceptionResNetV2(**kwargs), weights)
