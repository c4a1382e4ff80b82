"""Inception v4: the Inception modules in one uniform form.

Source: C. Szegedy, S. Ioffe, V. Vanhoucke, A. A. Alemi, "Inception-v4, Inception-ResNet and the
impact of residual connections on learning", AAAI 2017, figures 3 to 9, table 2.

What differs from the paper: nothing in the network. The names of the weights are those of the
ported weights in common use: `features.0` … `features.21` and `last_linear`.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ..published import Published
from ..weights import started
from .blocks import BasicConv2d, start_truncated

PUBLISHED = {
    "inception_v4": Published(
        76,
        42679816,
        12253974624,
        (3, 299, 299),
        "Szegedy et al. 2017",
        "the paper, table 2",
        20.0,
        5.0,
    ),
}


def chain(*widths: int, windows: tuple[Any, ...], last_stride: int = 1) -> nn.Sequential:
    """Convolutions in a row: widths[0] → widths[1] → …, a window for each.

    A window is a number or (rows, columns). Borders keep the size; the last convolution has none
    where last_stride is 2.
    """
    layers = []
    for number, window in enumerate(windows):
        last = number == len(windows) - 1
        size = window if isinstance(window, tuple) else (window, window)
        stride = last_stride if last else 1
        padding = (0, 0) if stride == 2 else (size[0] // 2, size[1] // 2)
        layers.append(
            BasicConv2d(
                widths[number], widths[number + 1], kernel_size=size, stride=stride,
                padding=padding,
            )
        )  # fmt: skip
    return nn.Sequential(*layers)


def one(given: int, wanted: int) -> BasicConv2d:
    """A 1 × 1 convolution with batch norm and ReLU."""
    return BasicConv2d(given, wanted, kernel_size=1)


def pooled(given: int, wanted: int) -> nn.Sequential:
    """The mean of 3 × 3 pixels, those of the border not counted, then a 1 × 1 convolution."""
    pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Sequential(pool, one(given, wanted))


class Branches(nn.Module):
    """branch0, branch1, … on the same input, their maps joined."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        for number, branch in enumerate(branches):
            setattr(self, f"branch{number}", branch)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → the maps of all branches."""
        return cat([branch(x) for branch in self.children()], 1)


class Mixed3a(nn.Module):
    """Max pool beside a convolution, both with stride 2."""

    def __init__(self) -> None:
        super().__init__()
        self.maxpool = nn.MaxPool2d(3, stride=2)
        self.conv = BasicConv2d(64, 96, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 64, 147, 147) → (N, 160, 73, 73)."""
        return cat([self.maxpool(x), self.conv(x)], 1)


class Mixed5a(nn.Module):
    """A convolution beside a max pool, both with stride 2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = BasicConv2d(192, 192, kernel_size=3, stride=2)
        self.maxpool = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 192, 71, 71) → (N, 384, 35, 35)."""
        return cat([self.conv(x), self.maxpool(x)], 1)


class InceptionC(nn.Module):
    """The 8 × 8 module: rows and columns of three beside each other."""

    def __init__(self) -> None:
        super().__init__()
        row: dict[str, Any] = {"kernel_size": (1, 3), "padding": (0, 1)}
        column: dict[str, Any] = {"kernel_size": (3, 1), "padding": (1, 0)}
        self.branch0 = one(1536, 256)
        self.branch1_0 = one(1536, 384)
        self.branch1_1a = BasicConv2d(384, 256, **row)
        self.branch1_1b = BasicConv2d(384, 256, **column)
        self.branch2_0 = one(1536, 384)
        self.branch2_1 = BasicConv2d(384, 448, **column)
        self.branch2_2 = BasicConv2d(448, 512, **row)
        self.branch2_3a = BasicConv2d(512, 256, **row)
        self.branch2_3b = BasicConv2d(512, 256, **column)
        self.branch3 = pooled(1536, 256)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1536, 8, 8) → (N, 1536, 8, 8)."""
        once = self.branch1_0(x)
        twice = self.branch2_2(self.branch2_1(self.branch2_0(x)))
        parts = [
            self.branch0(x), self.branch1_1a(once), self.branch1_1b(once),
            self.branch2_3a(twice), self.branch2_3b(twice), self.branch3(x),
        ]  # fmt: skip
        return cat(parts, 1)


def mixed_4a() -> Branches:
    """(N, 160, 73, 73) → (N, 192, 71, 71)."""
    first = nn.Sequential(one(160, 64), BasicConv2d(64, 96, kernel_size=3))
    second = chain(160, 64, 64, 64, windows=(1, (1, 7), (7, 1)))
    return Branches(first, second.append(BasicConv2d(64, 96, kernel_size=3)))


def inception_a() -> Branches:
    """(N, 384, 35, 35) → (N, 384, 35, 35)."""
    return Branches(
        one(384, 96),
        chain(384, 64, 96, windows=(1, 3)),
        chain(384, 64, 96, 96, windows=(1, 3, 3)),
        pooled(384, 96),
    )


def reduction_a() -> Branches:
    """(N, 384, 35, 35) → (N, 1024, 17, 17)."""
    return Branches(
        BasicConv2d(384, 384, kernel_size=3, stride=2),
        chain(384, 192, 224, 256, windows=(1, 3, 3), last_stride=2),
        nn.MaxPool2d(3, stride=2),
    )


def inception_b() -> Branches:
    """(N, 1024, 17, 17) → (N, 1024, 17, 17)."""
    row, column = (1, 7), (7, 1)
    return Branches(
        one(1024, 384),
        chain(1024, 192, 224, 256, windows=(1, row, column)),
        chain(1024, 192, 192, 224, 224, 256, windows=(1, column, row, column, row)),
        pooled(1024, 128),
    )


def reduction_b() -> Branches:
    """(N, 1024, 17, 17) → (N, 1536, 8, 8)."""
    return Branches(
        chain(1024, 192, 192, windows=(1, 3), last_stride=2),
        chain(1024, 256, 256, 320, 320, windows=(1, (1, 7), (7, 1), 3), last_stride=2),
        nn.MaxPool2d(3, stride=2),
    )


class InceptionV4(nn.Module):
    """A stem, 4 modules of 35 × 35, 7 of 17 × 17, 3 of 8 × 8, with reductions between them.

        x (N, 3, 299, 299) → stem (N, 384, 35, 35) → 4 × A, reduction (N, 1024, 17, 17)
        → 7 × B, reduction (N, 1536, 8, 8) → 3 × C → mean → dropout → last_linear

    modules: how many of A, B and C there are. init_weights: normal within ± 2, deviation 0.1, in
    the last layer 0.01, so that the first scores are a blind guess.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        dropout: float = 0.2,
        modules: tuple[int, int, int] = (4, 7, 3),
        init_weights: bool = True,
    ) -> None:
        super().__init__()
        a, b, c = modules
        self.features = nn.Sequential(
            BasicConv2d(3, 32, kernel_size=3, stride=2),
            BasicConv2d(32, 32, kernel_size=3),
            BasicConv2d(32, 64, kernel_size=3, padding=1),
            Mixed3a(),
            mixed_4a(),
            Mixed5a(),
            *(inception_a() for _ in range(a)),
            reduction_a(),
            *(inception_b() for _ in range(b)),
            reduction_b(),
            *(InceptionC() for _ in range(c)),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(1536, num_classes)
        if init_weights:
            start_truncated(self, 0.1)
            nn.init.trunc_normal_(self.last_linear.weight, 0.0, 0.01, -2, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes) of images (N, 3, H, W) of at least 75 × 75."""
        return self.last_linear(self.dropout(self.avgpool(self.features(x)).flatten(1)))


def inception_v4(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> InceptionV4:
    """Inception v4."""
    return started(InceptionV4(**kwargs), weights)
