"""ResNet for CIFAR: resnet20 … resnet110, resnet1202, and resnet110 with stochastic depth.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
section 4.2, table 6. Stochastic depth: G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, "Deep
networks with stochastic depth", ECCV 2016, section 4, table 1.

What differs from the papers: nothing in the networks; shortcuts of option A, as theirs, or B. How
the last layer starts is ours (normal, deviation 0.01), the papers do not say it. The
names of the weights (`linear` for the last layer) are those of the weights that are in common use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import StochasticDepth, conv1x1, conv3x3, one_and_zero, zero_bias
from ..published import Published
from ..weights import started


def _row(layers: int, parameters: int, multiply_adds: int, error: float) -> Published:
    return Published(
        layers, parameters, multiply_adds, (3, 32, 32), "He et al. 2016", "the paper, table 6",
        error, data="CIFAR-10",
    )  # fmt: skip


PUBLISHED = {
    "resnet20": _row(20, 269722, 40551040, 8.75),
    "resnet32": _row(32, 464154, 68862592, 7.51),
    "resnet44": _row(44, 658586, 97174144, 7.17),
    "resnet56": _row(56, 853018, 125485696, 6.97),
    "resnet110": _row(110, 1727962, 252887680, 6.43),
    "resnet1202": _row(1202, 19421274, 2829238912, 7.93),
    "resnet110_stochastic_depth": Published(
        110, 1727962, 252887680, (3, 32, 32), "Huang et al. 2016", "the paper, table 1", 5.25,
        data="CIFAR-10",
    ),
}  # fmt: skip


class ZeroPaddedShortcut(nn.Module):
    """Option A: every stride-th pixel, and zeros for the channels that are missing.

    The zeros stand half before and half behind the maps; nothing is learned.
    """

    def __init__(self, in_planes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.before = (planes - in_planes) // 2
        self.behind = planes - in_planes - self.before
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_planes, H, W) → (N, planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.before, self.behind))


class CifarBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut.

        y = relu(b · bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))

    option: what the shortcut is where the shape changes: "A" pads with zeros, "B" is a 1 × 1
    convolution with batch norm. drop: the chance that b is 0 while training (stochastic depth).
    """

    def __init__(
        self, in_planes: int, planes: int, stride: int = 1, option: str = "A", drop: float = 0.0
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_planes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.drop = StochasticDepth(drop, "batch")
        self.shortcut: nn.Module = nn.Sequential()
        if stride != 1 or in_planes != planes:
            if option == "A":
                self.shortcut = ZeroPaddedShortcut(in_planes, planes, stride)
            else:
                self.shortcut = nn.Sequential(
                    conv1x1(in_planes, planes, stride), nn.BatchNorm2d(planes)
                )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_planes, H, W) → (N, planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.add_relu(self.drop(branch), self.shortcut(x))


class CifarResNet(nn.Module):
    """A residual network for images of 32 × 32.

        x (N, 3, 32, 32) → conv1 3×3, bn1, ReLU → layer1 (N, 16, 32, 32) → layer2 (N, 32, 16, 16)
        → layer3 (N, 64, 8, 8) → mean over H and W → linear → (N, num_classes)

    num_blocks: how many blocks each of the three stages has, n each for 6 n + 2 layers. option: "A"
    or "B", the shortcuts where the shape changes. stochastic_depth: the chance to leave out the
    last block while training; it grows linearly from the first block on. widths: of the stages.
    Raises ValueError for another option.
    """

    def __init__(
        self,
        num_blocks: Sequence[int],
        num_classes: int = 10,
        option: str = "A",
        stochastic_depth: float = 0.0,
        widths: Sequence[int] = (16, 32, 64),
    ) -> None:
        super().__init__()
        if option not in ("A", "B"):
            raise ValueError(f'CifarResNet: option is "A" or "B" (got {option!r})')
        self.conv1 = conv3x3(3, widths[0])
        self.bn1 = nn.BatchNorm2d(widths[0])
        total, done, channels = sum(num_blocks), 0, widths[0]
        for stage, (blocks, width) in enumerate(zip(num_blocks, widths, strict=True)):
            layers = []
            for number in range(blocks):
                done += 1
                stride = 2 if stage > 0 and number == 0 else 1
                drop = stochastic_depth * done / total
                layers.append(CifarBlock(channels, width, stride, option, drop))
                channels = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.linear = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        # The maps grow with every block that is added to them: the last layer starts small, so that
        # the first scores are a blind guess however deep the network is.
        nn.init.normal_(self.linear.weight, 0.0, 0.01)
        zero_bias(self)
        one_and_zero(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


def resnet20(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-20 for CIFAR: 3 blocks in each stage."""
    return started(CifarResNet([3, 3, 3], **kwargs), weights)


def resnet32(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-32 for CIFAR: 5 blocks in each stage."""
    return started(CifarResNet([5, 5, 5], **kwargs), weights)


def resnet44(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-44 for CIFAR: 7 blocks in each stage."""
    return started(CifarResNet([7, 7, 7], **kwargs), weights)


def resnet56(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-56 for CIFAR: 9 blocks in each stage."""
    return started(CifarResNet([9, 9, 9], **kwargs), weights)


def resnet110(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-110 for CIFAR: 18 blocks in each stage."""
    return started(CifarResNet([18, 18, 18], **kwargs), weights)


def resnet1202(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> CifarResNet:
    """ResNet-1202 for CIFAR: 200 blocks in each stage."""
    return started(CifarResNet([200, 200, 200], **kwargs), weights)


def resnet110_stochastic_depth(
    *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> CifarResNet:
    """ResNet-110 for CIFAR whose last block is left out with chance 0.5 while training."""
    kwargs.setdefault("stochastic_depth", 0.5)
    return started(CifarResNet([18, 18, 18], **kwargs), weights)
