"""SE-ResNet: residual blocks whose branch is gated map by map before it is added.

Source: J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks", CVPR 2018, figure 3, tables 1, 2.

What differs from the paper: a bottleneck halves the size in its 3 × 3 convolution, as `resnet50`
does here; the two layers of a gate are 1 × 1 convolutions on 1 × 1 maps, which is the same.
"""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from ..parts import SqueezeExcitation, activated_sum
from ..published import Published
from ..weights import started
from .resnet import Bottleneck, ResNet


def _row(layers: int, parameters: int, multiply_adds: int, top1: float, top5: float) -> Published:
    return Published(
        layers, parameters, multiply_adds, (3, 224, 224), "Hu et al. 2018", "the paper, table 2",
        top1, top5,
    )  # fmt: skip


PUBLISHED = {
    "se_resnet50": _row(50, 28088024, 4091699200, 23.29, 6.62),
    "se_resnet101": _row(101, 49326872, 7806148608, 22.38, 6.07),
    "se_resnet152": _row(152, 66821848, 11520204800, 21.57, 5.73),
}


class SEBottleneck(Bottleneck):
    """A bottleneck whose branch passes a squeeze-and-excitation gate, reduced 16 times.

    y = relu(se(bn3(conv3(…))) + shortcut(x))
    """

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        width = planes * self.expansion
        self.se = SqueezeExcitation(width, width // 16)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inplanes, H, W) → (N, 4 planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        branch = self.relu(self.bn1(self.conv1(x)))
        branch = self.relu(self.bn2(self.conv2(branch)))
        branch = self.se(self.bn3(self.conv3(branch)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return activated_sum(self.relu, branch, shortcut)


def se_resnet50(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-50 with squeeze and excitation."""
    return started(ResNet(SEBottleneck, [3, 4, 6, 3], **kwargs), weights)


def se_resnet101(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-101 with squeeze and excitation."""
    return started(ResNet(SEBottleneck, [3, 4, 23, 3], **kwargs), weights)


def se_resnet152(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-152 with squeeze and excitation."""
    return started(ResNet(SEBottleneck, [3, 8, 36, 3], **kwargs), weights)
