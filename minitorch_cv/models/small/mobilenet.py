"""MobileNet v2: depthwise convolutions between thin layers that are joined by shortcuts.

Source: M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: inverted residuals
and linear bottlenecks", CVPR 2018, tables 1 and 2, figure 4.

What differs from the paper: nothing in the network; the classifier is preceded by dropout 0.2, and
the published accuracy is torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..parts import Conv2dNormActivation, one_and_zero
from ..published import torchvision_row
from ..weights import started

PUBLISHED = {
    "mobilenet_v2": torchvision_row(
        "Sandler et al. 2018", 53, 3504872, 300774272, (71.878, 90.286)
    ),
}
# Table 2: expansion t, channels c, repetitions n, stride s of the first.
_SETTING = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip


def divisible(value: float, divisor: int) -> int:
    """The multiple of divisor next to value, one more where that is less than 90 % of it."""
    answer = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return answer + divisor if answer < 0.9 * value else answer


class InvertedResidual(nn.Module):
    """1 × 1 to many channels, 3 × 3 on each by itself, 1 × 1 back to few, without activation.

        y = x + conv(x) where stride is 1 and inp = oup, else conv(x)

    Raises ValueError for a stride other than 1 and 2.
    """

    def __init__(
        self,
        inp: int,
        oup: int,
        stride: int,
        expand_ratio: float,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"InvertedResidual: stride is 1 or 2 (got {stride!r})")
        norm = norm_layer or nn.BatchNorm2d
        hidden = int(round(inp * expand_ratio))
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(
                Conv2dNormActivation(inp, hidden, 1, norm_layer=norm, activation_layer=nn.ReLU6)
            )
        layers += [
            Conv2dNormActivation(
                hidden, hidden, 3, stride, groups=hidden, norm_layer=norm,
                activation_layer=nn.ReLU6,
            ),
            nn.Conv2d(hidden, oup, 1, bias=False),
            norm(oup),
        ]  # fmt: skip
        self.conv = nn.Sequential(*layers)
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        self.out_channels = oup

    def forward(self, x: Tensor) -> Tensor:
        """(N, inp, H, W) → (N, oup, ⌈H / stride⌉, ⌈W / stride⌉)."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """A convolution, inverted residual blocks, a 1 × 1 convolution, a linear layer.

        x (N, 3, 224, 224) → features (N, 1280, 7, 7) → mean over H and W
        → classifier: dropout, Linear → (N, num_classes)

    width_mult: all channels times this, rounded to multiples of round_nearest.
    inverted_residual_setting: rows (expansion, channels, repetitions, stride); the paper's by
    default. block, norm_layer: build the blocks and the norms.
    Raises ValueError for a setting whose rows have not four numbers.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Callable[..., nn.Module] | None = None,
        norm_layer: Callable[..., nn.Module] | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        setting = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not setting or len(setting[0]) != 4:
            raise ValueError(
                "MobileNetV2: inverted_residual_setting has rows of four numbers: expansion, "
                f"channels, repetitions, stride (got {setting!r})"
            )
        norm = norm_layer or nn.BatchNorm2d
        build = block or InvertedResidual
        channels = divisible(32 * width_mult, round_nearest)
        self.last_channel = divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [
            Conv2dNormActivation(
                3, channels, stride=2, norm_layer=norm, activation_layer=nn.ReLU6
            )
        ]  # fmt: skip
        for expansion, width, repetitions, stride in setting:
            out = divisible(width * width_mult, round_nearest)
            for number in range(repetitions):
                step = stride if number == 0 else 1
                features.append(build(channels, out, step, expand_ratio=expansion, norm_layer=norm))
                channels = out
        features.append(
            Conv2dNormActivation(
                channels, self.last_channel, 1, norm_layer=norm, activation_layer=nn.ReLU6
            )
        )
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes)
        )
        self._start()

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)
        one_and_zero(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of any size."""
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1)  # (N, last_channel)
        return self.classifier(x)


def mobilenet_v2(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> MobileNetV2:
    """MobileNet v2 of the usual width."""
    return started(MobileNetV2(**kwargs), weights)
