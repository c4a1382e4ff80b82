"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.

Source: F. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
model size", 2016, table 1 (1.0). 1.1 is from the authors' repository: 2.4 times fewer
multiplications at the same accuracy.

What differs from the paper, as in torchvision: conv10 has no border (the paper's Caffe file pads it
by 1: final_padding); the 3 × 3 filters see a border in the convolution itself.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ..published import torchvision_row
from ..weights import started

_PAPER = "Iandola et al. 2016"
PUBLISHED = {
    "squeezenet1_0": torchvision_row(_PAPER, 18, 1248424, 818924576, (58.092, 80.420)),
    "squeezenet1_1": torchvision_row(_PAPER, 18, 1235496, 349151936, (58.178, 80.624)),
}
# (channels, window) of the first convolution, then the channels of each fire module's squeeze;
# "M" is max pooling. A fire module gives 8 times what its squeeze gives.
_FORMS: dict[str, tuple[tuple[int, int], tuple[Any, ...]]] = {
    "1_0": ((96, 7), ("M", 16, 16, 32, "M", 32, 48, 48, 64, "M", 64)),
    "1_1": ((64, 3), ("M", 16, 16, "M", 32, 32, "M", 48, 48, 64, 64)),
}


class Fire(nn.Module):
    """Squeezes to few channels, then expands with 1 × 1 and 3 × 3 filters side by side.

    s = relu(squeeze(x)), y = [relu(expand1x1(s)), relu(expand3x3(s))]
    """

    def __init__(
        self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int
    ) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, 1)
        self.squeeze_activation = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, 1)
        self.expand1x1_activation = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, 3, padding=1)
        self.expand3x3_activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inplanes, H, W) → (N, expand1x1_planes + expand3x3_planes, H, W)."""
        x = self.squeeze_activation(self.squeeze(x))
        small = self.expand1x1_activation(self.expand1x1(x))
        large = self.expand3x3_activation(self.expand3x3(x))
        return cat([small, large], 1)


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules, and a convolution that gives a map for each class.

        x (N, 3, 224, 224) → features (N, 512, 13, 13) → classifier: dropout, Conv 1×1 → ReLU
        → mean over H and W → (N, num_classes)

    version: "1_0" or "1_1". final_padding: the border that the last convolution sees, 1 in weights
    that were trained with Caffe. Raises ValueError for another version.
    """

    def __init__(
        self,
        version: str = "1_0",
        num_classes: int = 1000,
        dropout: float = 0.5,
        final_padding: int = 0,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        if version not in _FORMS:
            raise ValueError(f'SqueezeNet: version is "1_0" or "1_1" (got {version!r})')
        (channels, window), rest = _FORMS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, window, stride=2), nn.ReLU()]
        for entry in rest:
            if entry == "M":
                layers.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(channels, entry, 4 * entry, 4 * entry))
                channels = 8 * entry
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Conv2d(512, num_classes, 1, padding=final_padding),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self._start()

    def _start(self) -> None:
        """The last convolution starts small, the others uniform after He (fan in)."""
        last = self.classifier[1]
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is last:
                    nn.init.normal_(module.weight, 0.0, 0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes), none below 0, of images (N, 3, H, W)."""
        return self.classifier(self.features(x)).flatten(1)


def squeezenet1_0(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0, the paper's."""
    return started(SqueezeNet("1_0", **kwargs), weights)


def squeezenet1_1(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1: a smaller first window, and pooling earlier."""
    return started(SqueezeNet("1_1", **kwargs), weights)
