"""GoogLeNet (Inception v1) with batch norm and two auxiliary heads.

Source: C. Szegedy et al., "Going deeper with convolutions", CVPR 2015, table 1, figures 2 and 3.

What differs from the paper, as in torchvision: batch norm after each convolution in the place of
local response normalisation and biases; the "5 × 5" windows are 3 × 3 (an old slip of the ported
weights, kept so that they fit); dropout 0.2 in front of the last layer (the paper: 0.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ...nn import functional as F  # noqa: N812
from ..published import Published
from .blocks import BasicConv2d, scaled_as_tensorflow, start_truncated, with_stored_heads

PUBLISHED = {
    "googlenet": Published(
        22, 13004888, 1498376192, (3, 224, 224), "Szegedy et al. 2015",
        "torchvision, IMAGENET1K_V1 (6 624 904 parameters without the auxiliary heads)",
        30.222, 10.470,
    ),
}  # fmt: skip

# Channels of each inception module: 1 × 1; 3 × 3 reduced, 3 × 3; 5 × 5 reduced, 5 × 5; after the
# pool (table 1). None is a max pool that halves the size.
_MODULES: dict[str, tuple[int, ...]] = {
    "inception3a": (192, 64, 96, 128, 16, 32, 32),
    "inception3b": (256, 128, 128, 192, 32, 96, 64),
    "inception4a": (480, 192, 96, 208, 16, 48, 64),
    "inception4b": (512, 160, 112, 224, 24, 64, 64),
    "inception4c": (512, 128, 128, 256, 24, 64, 64),
    "inception4d": (512, 112, 144, 288, 32, 64, 64),
    "inception4e": (528, 256, 160, 320, 32, 128, 128),
    "inception5a": (832, 256, 160, 320, 32, 128, 128),
    "inception5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNetOutputs(NamedTuple):
    """What training gives: the scores, and those of the two auxiliary heads."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


class Inception(nn.Module):
    """1 × 1, 3 × 3, "5 × 5" windows and a max pool side by side, their maps joined.

    ch3x3red, ch5x5red: the maps to which a 1 × 1 convolution reduces first; pool_proj: those of the
    1 × 1 convolution after the pool.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1 = conv(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv(in_channels, ch3x3red, kernel_size=1),
            conv(ch3x3red, ch3x3, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            conv(in_channels, ch5x5red, kernel_size=1),
            conv(ch5x5red, ch5x5, kernel_size=3, padding=1),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
            conv(in_channels, pool_proj, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) → (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W)."""
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """An auxiliary head: mean pool to 4 × 4, 1 × 1 convolution, two linear layers."""

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        conv_block: Callable[..., nn.Module] | None = None,
        dropout: float = 0.7,
    ) -> None:
        super().__init__()
        self.conv = (conv_block or BasicConv2d)(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) → (N, num_classes)."""
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)  # (N, 2048)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


_BLOCKS: tuple[Callable[..., nn.Module], ...] = (BasicConv2d, Inception, InceptionAux)


class GoogLeNet(nn.Module):
    """Three convolutions, nine inception modules, a linear layer.

        x (N, 3, 224, 224) → conv1 … maxpool2 (N, 192, 28, 28) → 3a, 3b, maxpool3 (N, 480, 14, 14)
        → 4a … 4e, maxpool4 (N, 832, 7, 7) → 5a, 5b (N, 1024, 7, 7) → mean → dropout → fc

    aux_logits: two more heads, behind 4a and 4d; while training the answer is then
    GoogLeNetOutputs, and the paper adds 0.3 times their losses. transform_input: images come
    normalised by ImageNet's mean and deviation and are normalised by 0.5 instead. init_weights:
    normal weights within ± 2, deviation 0.01 (None: yes). blocks: what builds convolutions,
    inception modules and auxiliary heads. Raises ValueError unless those are three.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = None,
        blocks: Sequence[Callable[..., nn.Module]] | None = None,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        if blocks is not None and len(blocks) != 3:
            raise ValueError(
                "GoogLeNet: blocks are three: convolution, inception module, auxiliary head "
                f"(got {len(blocks)})"
            )
        conv, inception, head = blocks or _BLOCKS
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, channels in _MODULES.items():
            setattr(self, name, inception(*channels))
            if name == "inception3b":
                self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            if name == "inception4e":
                self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.aux1 = head(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2 = head(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights is None or init_weights:
            start_truncated(self, 0.01)

    def forward(self, x: Tensor) -> Any:
        """Scores (N, num_classes); while training with auxiliary heads, GoogLeNetOutputs."""
        if self.transform_input:
            x = scaled_as_tensorflow(x)
        heads = self.training and self.aux_logits
        x = self.maxpool1(self.conv1(x))  # (N, 64, 56, 56)
        x = self.maxpool2(self.conv3(self.conv2(x)))  # (N, 192, 28, 28)
        x = self.maxpool3(self.inception3b(self.inception3a(x)))  # (N, 480, 14, 14)
        x = self.inception4a(x)  # (N, 512, 14, 14)
        aux1 = self.aux1(x) if heads and self.aux1 is not None else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))  # (N, 528, 14, 14)
        aux2 = self.aux2(x) if heads and self.aux2 is not None else None
        x = self.maxpool4(self.inception4e(x))  # (N, 832, 7, 7)
        x = self.inception5b(self.inception5a(x))  # (N, 1024, 7, 7)
        x = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return GoogLeNetOutputs(x, aux2, aux1) if heads else x


def googlenet(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> GoogLeNet:
    """GoogLeNet (Inception v1).

    With weights, it has transform_input and no auxiliary heads unless asked otherwise.
    """
    if weights is None:
        return GoogLeNet(**kwargs)
    wanted = kwargs.pop("aux_logits", False)
    model = with_stored_heads(GoogLeNet, weights, "aux1.", wanted, kwargs)
    if not wanted:
        model.aux_logits, model.aux1, model.aux2 = False, None, None
    return model
