"""ResNet for ImageNet, with its wide and grouped forms: resnet18 … resnet152, resnext, wide_resnet.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
table 1. ResNeXt: S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, "Aggregated residual transformations
for deep neural networks", CVPR 2017, table 1. Wide: S. Zagoruyko, N. Komodakis, "Wide residual
networks", BMVC 2016, table 8.

What differs from the papers, as in torchvision: a bottleneck halves the size in its 3 × 3
convolution, not in its first 1 × 1 (some 0.5 % better, a little dearer); a shortcut that changes
the size is always a 1 × 1 convolution with batch norm (option B); `zero_init_residual` is from
P. Goyal et al., "Accurate, large minibatch SGD", 2017, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..parts import activated_sum, conv1x1, conv3x3, he_fan_out
from ..published import torchvision_row
from ..weights import started

Norm = Callable[..., nn.Module]

_HE = "He et al. 2016"
_XIE = "Xie et al. 2017"
_WIDE = "Zagoruyko & Komodakis 2016"
PUBLISHED = {
    "resnet18": torchvision_row(_HE, 18, 11689512, 1814073344, (69.758, 89.078)),
    "resnet34": torchvision_row(_HE, 34, 21797672, 3663761408, (73.314, 91.420)),
    "resnet50": torchvision_row(_HE, 50, 25557032, 4089184256, (76.130, 92.862)),
    "resnet101": torchvision_row(_HE, 101, 44549160, 7801405440, (77.374, 93.546)),
    "resnet152": torchvision_row(_HE, 152, 60192808, 11513626624, (78.312, 94.046)),
    "resnext50_32x4d": torchvision_row(_XIE, 50, 25028904, 4230479872, (77.618, 93.698)),
    "resnext101_32x8d": torchvision_row(_XIE, 101, 88791336, 16414015488, (79.312, 94.526)),
    "resnext101_64x4d": torchvision_row(_XIE, 101, 83455272, 15460270080, (83.246, 96.454)),
    "wide_resnet50_2": torchvision_row(_WIDE, 50, 68883240, 11398021120, (78.468, 94.086)),
    "wide_resnet101_2": torchvision_row(_WIDE, 101, 126886696, 22753050624, (78.848, 94.284)),
}


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut.

        y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))

    downsample: the shortcut; without it x itself. Raises ValueError for groups and widths, which
    only a bottleneck has, and NotImplementedError for a dilation.
    """

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        if groups != 1 or base_width != 64:
            raise ValueError(
                f"BasicBlock: has one group and no width of its own (got groups={groups}, "
                f"base_width={base_width}); use Bottleneck"
            )
        if dilation > 1:
            raise NotImplementedError(
                f"BasicBlock: is not dilated (got dilation={dilation}); use Bottleneck"
            )
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.relu = nn.ReLU()
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, inplanes, H, W) → (N, planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        branch = self.relu(self.bn1(self.conv1(x)))
        branch = self.bn2(self.conv2(branch))
        shortcut = x if self.downsample is None else self.downsample(x)
        return activated_sum(self.relu, branch, shortcut)


class Bottleneck(nn.Module):
    """1 × 1 to few channels, 3 × 3 among them, 1 × 1 back to many, beside a shortcut.

        y = relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x))

    The 3 × 3 convolution has ⌊planes · base_width / 64⌋ · groups channels in `groups` groups; the
    output 4 · planes. downsample: the shortcut; without it x itself.
    """

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm(planes * self.expansion)
        self.relu = nn.ReLU()
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, inplanes, H, W) → (N, 4 planes, ⌈H / stride⌉, ⌈W / stride⌉)."""
        branch = self.relu(self.bn1(self.conv1(x)))
        branch = self.relu(self.bn2(self.conv2(branch)))
        branch = self.bn3(self.conv3(branch))
        shortcut = x if self.downsample is None else self.downsample(x)
        return activated_sum(self.relu, branch, shortcut)


class ResNet(nn.Module):
    """A residual network for images of about 224 × 224.

        x (N, 3, 224, 224) → conv1 7×7/2, bn1, ReLU → (N, 64, 112, 112) → maxpool 3×3/2
        → layer1 (N, 64 e, 56, 56) → layer2 (N, 128 e, 28, 28) → layer3 (N, 256 e, 14, 14)
        → layer4 (N, 512 e, 7, 7) → mean over H and W → fc → (N, num_classes)

    block: BasicBlock (e = 1) or Bottleneck (e = 4); layers: how many blocks each of the four stages
    has. zero_init_residual: the last norm of each branch starts with weight 0, so that each block
    starts as the identity. replace_stride_with_dilation: for layer2, 3 and 4, whether its windows
    are widened instead of its maps halved. norm_layer: builds the norms.
    Raises ValueError where replace_stride_with_dilation has not three entries.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        dilated = replace_stride_with_dilation or (False, False, False)
        if len(dilated) != 3:
            raise ValueError(
                "ResNet: replace_stride_with_dilation has three entries, for layer2, 3 and 4 "
                f"(got {replace_stride_with_dilation!r})"
            )
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes = 64
        self.dilation = 1
        self.groups = groups
        self.base_width = width_per_group
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._stage(block, 64, layers[0])
        self.layer2 = self._stage(block, 128, layers[1], 2, dilated[0])
        self.layer3 = self._stage(block, 256, layers[2], 2, dilated[1])
        self.layer4 = self._stage(block, 512, layers[3], 2, dilated[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        he_fan_out(self)
        if zero_init_residual:
            self._start_as_identity()

    def _stage(
        self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        """Blocks of one width; the first changes the size, or, dilated, the later ones' windows."""
        norm, width = self._norm_layer, planes * block.expansion
        first_dilation = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        shortcut = None
        if stride != 1 or self.inplanes != width:
            shortcut = nn.Sequential(conv1x1(self.inplanes, width, stride), norm(width))
        form = (self.groups, self.base_width)
        stage = [block(self.inplanes, planes, stride, shortcut, *form, first_dilation, norm)]
        self.inplanes = width
        for _ in range(1, blocks):
            stage.append(block(width, planes, 1, None, *form, self.dilation, norm))
        return nn.Sequential(*stage)

    def _start_as_identity(self) -> None:
        for module in self.modules():
            if isinstance(module, (BasicBlock, Bottleneck)):
                last: Any = module.bn3 if isinstance(module, Bottleneck) else module.bn2
                if last.weight is not None:
                    nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of any size."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def resnet18(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-18: 2, 2, 2, 2 basic blocks."""
    return started(ResNet(BasicBlock, [2, 2, 2, 2], **kwargs), weights)


def resnet34(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-34: 3, 4, 6, 3 basic blocks."""
    return started(ResNet(BasicBlock, [3, 4, 6, 3], **kwargs), weights)


def resnet50(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-50: 3, 4, 6, 3 bottlenecks."""
    return started(ResNet(Bottleneck, [3, 4, 6, 3], **kwargs), weights)


def resnet101(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-101: 3, 4, 23, 3 bottlenecks."""
    return started(ResNet(Bottleneck, [3, 4, 23, 3], **kwargs), weights)


def resnet152(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-152: 3, 8, 36, 3 bottlenecks."""
    return started(ResNet(Bottleneck, [3, 8, 36, 3], **kwargs), weights)


def resnext50_32x4d(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNeXt-50: bottlenecks whose 3 × 3 convolution has 32 groups of 4 channels."""
    return _grouped([3, 4, 6, 3], 32, 4, weights, kwargs)


def resnext101_32x8d(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNeXt-101 with 32 groups of 8 channels."""
    return _grouped([3, 4, 23, 3], 32, 8, weights, kwargs)


def resnext101_64x4d(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNeXt-101 with 64 groups of 4 channels."""
    return _grouped([3, 4, 23, 3], 64, 4, weights, kwargs)


def wide_resnet50_2(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-50 whose 3 × 3 convolutions have twice the channels."""
    return _grouped([3, 4, 6, 3], 1, 128, weights, kwargs)


def wide_resnet101_2(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """ResNet-101 whose 3 × 3 convolutions have twice the channels."""
    return _grouped([3, 4, 23, 3], 1, 128, weights, kwargs)


def _grouped(layers: list[int], groups: int, width: int, weights: Any, kwargs: Any) -> ResNet:
    for name, value in (("groups", groups), ("width_per_group", width)):
        if kwargs.setdefault(name, value) != value:
            raise ValueError(f"ResNet: this form has {name}={value} (got {kwargs[name]})")
    return started(ResNet(Bottleneck, layers, **kwargs), weights)
