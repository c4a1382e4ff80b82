"""VGG: nothing but 3 × 3 convolutions and pooling, in the six forms A to E of the paper.

Source: K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image
recognition", ICLR 2015, table 1 (forms), table 3 (errors at one scale).

What differs from the paper, as in torchvision: the convolutions start after He, not from a smaller
network that was trained first; an adaptive mean pool to 7 × 7 stands before the classifier, so that
other image sizes fit (at 224 × 224 it is the identity); the `_bn` forms have batch norm, which is
younger than the paper. A-LRN and C are in the paper, not in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...autograd.tensor import Tensor
from ..parts import one_and_zero
from ..published import Published, torchvision_row
from ..weights import started

_PAPER = "Simonyan & Zisserman 2015"
_TABLE = "the paper, table 3 (256 px, one scale)"
PUBLISHED = {
    "vgg11": torchvision_row(_PAPER, 11, 132863336, 7609090048, (69.020, 88.628)),
    "vgg11_bn": torchvision_row(_PAPER, 11, 132868840, 7609090048, (70.370, 89.810)),
    "vgg11_lrn": Published(
        11, 132863336, 7609090048, (3, 224, 224), _PAPER, _TABLE, 29.7, 10.5
    ),
    "vgg13": torchvision_row(_PAPER, 13, 133047848, 11308466176, (69.928, 89.246)),
    "vgg13_bn": torchvision_row(_PAPER, 13, 133053736, 11308466176, (71.586, 90.374)),
    "vgg16": torchvision_row(_PAPER, 16, 138357544, 15470264320, (71.592, 90.382)),
    "vgg16_bn": torchvision_row(_PAPER, 16, 138365992, 15470264320, (73.360, 91.516)),
    "vgg16_1x1": Published(16, 133638952, 11770888192, (3, 224, 224), _PAPER, _TABLE, 28.1, 9.4),
    "vgg19": torchvision_row(_PAPER, 19, 143667240, 19632062464, (72.376, 90.876)),
    "vgg19_bn": torchvision_row(_PAPER, 19, 143678248, 19632062464, (74.218, 91.842)),
}  # fmt: skip

# The columns of table 1: channels of a 3 × 3 convolution, "M" max pooling 2 × 2, "N" local response
# normalisation, (channels, 1) a 1 × 1 convolution.
CONFIGURATIONS: dict[str, tuple[Any, ...]] = {
    "A": (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "A-LRN": (64, "N", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "B": (64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "C": (64, 64, "M", 128, 128, "M", 256, 256, (256, 1), "M",
          512, 512, (512, 1), "M", 512, 512, (512, 1), "M"),
    "D": (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"),
    "E": (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M",
          512, 512, 512, 512, "M", 512, 512, 512, 512, "M"),
}  # fmt: skip


class VGG(nn.Module):
    """Convolutions of 3 × 3 and three linear layers.

        x (N, 3, 224, 224) → features (N, 512, 7, 7) → avgpool (N, 512, 7, 7) → flatten
        → classifier: Linear 4096, ReLU, dropout, Linear 4096, ReLU, dropout, Linear num_classes

    features: what `make_layers` builds. init_weights: convolutions normal after He (fan out),
    linear layers normal with deviation 0.01, biases 0; without it as the layers start themselves.
    """

    def __init__(
        self,
        features: nn.Module,
        num_classes: int = 1000,
        init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            self._start()

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)
        one_and_zero(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of at least 32 × 32."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def make_layers(configuration: Sequence[Any], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions, activations and pools of one of CONFIGURATIONS, as modules 0, 1, 2, …"""
    layers: list[nn.Module] = []
    channels = 3
    for entry in configuration:
        if entry == "M":
            layers.append(nn.MaxPool2d(2, 2))
        elif entry == "N":  # the numbers of A. Krizhevsky et al. 2012
            layers.append(nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0))
        else:
            width, size = entry if isinstance(entry, tuple) else (entry, 3)
            layers.append(nn.Conv2d(channels, width, size, padding=size // 2))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
    return nn.Sequential(*layers)


def _vgg(name: str, batch_norm: bool, weights: Any, kwargs: dict[str, Any]) -> VGG:
    if weights is not None:
        kwargs["init_weights"] = False
    return started(VGG(make_layers(CONFIGURATIONS[name], batch_norm), **kwargs), weights)


def vgg11(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG A: 8 convolutions, 3 linear layers."""
    return _vgg("A", False, weights, kwargs)


def vgg11_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG A with batch norm."""
    return _vgg("A", True, weights, kwargs)


def vgg11_lrn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG A-LRN: with local response normalisation after the first convolution."""
    return _vgg("A-LRN", False, weights, kwargs)


def vgg13(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG B: 10 convolutions."""
    return _vgg("B", False, weights, kwargs)


def vgg13_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG B with batch norm."""
    return _vgg("B", True, weights, kwargs)


def vgg16(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG D: 13 convolutions."""
    return _vgg("D", False, weights, kwargs)


def vgg16_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG D with batch norm."""
    return _vgg("D", True, weights, kwargs)


def vgg16_1x1(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG C: as D, but the third convolution of the last three stages is 1 × 1."""
    return _vgg("C", False, weights, kwargs)


def vgg19(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG E: 16 convolutions."""
    return _vgg("E", False, weights, kwargs)


def vgg19_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG E with batch norm."""
    return _vgg("E", True, weights, kwargs)
