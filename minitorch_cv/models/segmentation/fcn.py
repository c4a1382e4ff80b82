"""FCN-32s, FCN-16s, FCN-8s: VGG16 as convolutions, its coarse scores enlarged to the image.

Source: J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation",
CVPR 2015, sections 3 and 4, figure 3, tables 2 and 3.

What differs from the paper: nothing in the networks: the first convolution has a border of 100, so
that the smallest image still fills the 7 × 7 window, and what is too much is cropped at the end, by
the numbers of the authors' files. In 16s and 8s the scores of the earlier pools start at zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor, tensor
from ..classic.vgg import CONFIGURATIONS, VGG, make_layers
from ..published import Published
from ..weights import started
from .convert import convert_to_fully_convolutional

_PAPER = "Long et al. 2015"
_SOURCE = "the paper, tables 2 and 3 (VOC 2011 val): mean IU"
PUBLISHED = {
    "fcn32s_vgg16": Published(
        16, 136152917, 181365854976, (3, 500, 500), _PAPER, f"{_SOURCE} 59.4", data="PASCAL VOC"
    ),
    "fcn16s_vgg16": Published(
        16, 134815994, 181448086272, (3, 500, 500), _PAPER, f"{_SOURCE} 62.4", data="PASCAL VOC"
    ),
    "fcn8s_vgg16": Published(
        16, 134489759, 181529034048, (3, 500, 500), _PAPER, f"{_SOURCE} 62.7", data="PASCAL VOC"
    ),
}
_POOL3, _POOL4 = 16, 23  # their numbers among VGG16's features
# Where the answer begins when it is cropped to the image, and where the scores of a pool begin when
# they are cropped to those that are added: what lies over one another has the same centre.
_OFFSETS = {32: 19, 16: 27, 8: 31}
_INTO_POOL4, _INTO_POOL3 = 5, 9


def bilinear_kernel(channels: int, size: int) -> np.ndarray:
    """Weights (channels, channels, size, size) with which a transposed convolution interpolates."""
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 else factor - 0.5
    line = 1 - np.abs(np.arange(size) - center) / factor
    kernel = np.zeros((channels, channels, size, size), np.float32)
    kernel[range(channels), range(channels)] = np.outer(line, line)
    return kernel


class FCN(nn.Module):
    """Scores (N, num_classes, H, W) of images (N, 3, H, W) of any size.

        coarse = classifier(features(x)), at 1/32 of the size; 32s enlarges it 32 times.
        16s enlarges it twice, adds score_pool4(pool4), and enlarges the sum 16 times.
        8s does the same once more with score_pool3(pool3), and enlarges 8 times.

    stride: 32, 16 or 8. The transposed convolutions start as bilinear interpolation. dropout: in
    the classifier. width: channels of the classifier. Raises ValueError for another stride.
    """

    def __init__(
        self, stride: int = 32, num_classes: int = 21, dropout: float = 0.5, width: int = 4096
    ) -> None:
        super().__init__()
        if stride not in _OFFSETS:
            raise ValueError(f"FCN: stride is 32, 16 or 8 (got {stride!r})")
        self.stride = stride
        self.features = make_layers(CONFIGURATIONS["D"])
        first: Any = self.features[0]
        first.padding = (100, 100)
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                layer.ceil_mode = True
        self.classifier = nn.Sequential(
            nn.Conv2d(512, width, 7),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(width, num_classes, 1),
        )
        if stride <= 16:
            self.upscore2 = _enlarging(num_classes, 2)
            self.score_pool4 = nn.Conv2d(512, num_classes, 1)
        if stride == 8:
            self.upscore_pool4 = _enlarging(num_classes, 2)
            self.score_pool3 = nn.Conv2d(256, num_classes, 1)
        self.upscore = _enlarging(num_classes, stride)
        zero = [m for name, m in self.named_children() if name.startswith("score_pool")]
        for conv in (self.classifier[6], *zero):
            nn.init.zeros_(conv.weight)
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes, H, W)."""
        height, width = x.shape[2:]
        pools = {}
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in (_POOL3, _POOL4):
                pools[number] = x
        x = self.classifier(x)
        if self.stride <= 16:
            x = self.upscore2(x)
            x = x + _cropped(self.score_pool4(pools[_POOL4]), _INTO_POOL4, x)
        if self.stride == 8:
            x = self.upscore_pool4(x)
            x = x + _cropped(self.score_pool3(pools[_POOL3]), _INTO_POOL3, x)
        begin = _OFFSETS[self.stride]
        return self.upscore(x)[:, :, begin : begin + height, begin : begin + width]

    def start_from(self, model: VGG) -> FCN:
        """Takes over the weights of a VGG16 classifier, all but those of its last layer."""
        self.features.load_state_dict(model.features.state_dict())
        converted: Any = convert_to_fully_convolutional(model).classifier
        for number in (0, 3):
            self.classifier[number].load_state_dict(converted[number].state_dict())
        return self


def _enlarging(channels: int, factor: int) -> nn.ConvTranspose2d:
    """A transposed convolution that starts as bilinear interpolation, without bias."""
    layer = nn.ConvTranspose2d(channels, channels, 2 * factor, stride=factor, bias=False)
    with no_grad():
        kernel = tensor(bilinear_kernel(channels, 2 * factor), device=layer.weight.device)
        layer.weight.copy_(kernel)
    return layer


def _cropped(x: Tensor, begin: int, like: Tensor) -> Tensor:
    height, width = like.shape[2:]
    return x[:, :, begin : begin + height, begin : begin + width]


def fcn32s_vgg16(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> FCN:
    """FCN-32s: the coarse scores alone."""
    return started(FCN(32, **kwargs), weights)


def fcn16s_vgg16(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> FCN:
    """FCN-16s: with the scores of pool4."""
    return started(FCN(16, **kwargs), weights)


def fcn8s_vgg16(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> FCN:
    """FCN-8s: with the scores of pool4 and pool3."""
    return started(FCN(8, **kwargs), weights)
