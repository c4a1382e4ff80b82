"""U-Net: down to small maps, up again, and at each size what was seen on the way down.

Source: O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image
segmentation", MICCAI 2015, figure 1, table 1.

What differs from the paper: `unet` is its network, valid convolutions and crops included, with the
dropout at the end of the way down left to `dropout`; `unet_same` is the form that is common today:
borders keep the size, batch norm follows each convolution; `bilinear` replaces the 2 × 2 transposed
convolution by interpolation and a 1 × 1 convolution.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...autograd.joining import cat
from ...autograd.tensor import Tensor
from ..published import Published
from ..weights import started

_PAPER = "Ronneberger et al. 2015"
PUBLISHED = {
    "unet": Published(
        23, 31030658, 150428424448, (1, 572, 572), _PAPER,
        "the paper, table 1: warping error 0.000353, pixel error 6.11 %", data="ISBI 2012",
    ),
    "unet_same": Published(23, 31036546, 192384335872, (1, 512, 512), _PAPER, data="ISBI 2012"),
}  # fmt: skip


class DoubleConv(nn.Sequential):
    """Twice: convolution 3 × 3, batch norm where wanted, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, padding: int, batch_norm: bool) -> None:
        layers: list[nn.Module] = []
        for given in (in_channels, out_channels):
            layers.append(nn.Conv2d(given, out_channels, 3, padding=padding, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
            layers.append(nn.ReLU())
        super().__init__(*layers)


class Up(nn.Module):
    """Twice the size and half the channels, joined with what was seen on the way down.

    y = conv([crop(seen), up(x)])
    """

    def __init__(self, channels: int, padding: int, batch_norm: bool, bilinear: bool) -> None:
        super().__init__()
        half = channels // 2
        self.up: nn.Module = (
            nn.Sequential(nn.UpsamplingBilinear2d(scale_factor=2), nn.Conv2d(channels, half, 1))
            if bilinear
            else nn.ConvTranspose2d(channels, half, 2, stride=2)
        )
        self.conv = DoubleConv(channels, half, padding, batch_norm)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """(N, C, H, W) and (N, C / 2, at least 2 H, at least 2 W) → (N, C / 2, …)."""
        x = self.up(x)
        return self.conv(cat([cropped(seen, x.shape[2], x.shape[3]), x], 1))


def cropped(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of x (N, C, H, W): (N, C, height, width)."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


class UNet(nn.Module):
    """A score for each class at each pixel.

        x (N, in_channels, 572, 572) → down (64 … 512 maps, halved by 2×2 max pools)
        → bottom (N, 1024, 28, 28) → up (512 … 64 maps) → classifier 1×1
        → (N, num_classes, 388, 388)

    width: maps of the first stage; depth: how often the size is halved. same_size: borders of 1, so
    that the answer is as large as the image; without, convolutions are valid and what was seen on
    the way down is cropped. batch_norm, bilinear: as above. dropout: at the end of the way down.
    Raises ValueError for an image whose sizes cannot be halved as often: in the valid form one of
    16 k + 12 (572) for depth 4, in the other one of 16 k.
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        width: int = 64,
        depth: int = 4,
        same_size: bool = False,
        batch_norm: bool = False,
        bilinear: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        padding = 1 if same_size else 0
        self.same_size = same_size
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList()
        channels = in_channels
        for stage in range(depth):
            self.down.append(DoubleConv(channels, width << stage, padding, batch_norm))
            channels = width << stage
        self.bottom = DoubleConv(channels, width << depth, padding, batch_norm)
        self.dropout = nn.Dropout(dropout)
        self.up = nn.ModuleList(
            Up(width << stage, padding, batch_norm, bilinear) for stage in range(depth, 0, -1)
        )
        self.classifier = nn.Conv2d(width, num_classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # section 3: deviation √(2 / N), N inputs of a unit
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, num_classes, H', W') of images (N, in_channels, H, W)."""
        seen = []
        for stage in self.down:
            x = stage(x)
            seen.append(x)
            if x.shape[2] % 2 or x.shape[3] % 2:
                raise ValueError(
                    f"UNet: maps of {tuple(x.shape[2:])} cannot be halved; use images of "
                    f"{self._sizes()} pixels"
                )
            x = self.pool(x)
        x = self.dropout(self.bottom(x))
        for stage, maps in zip(self.up, reversed(seen), strict=True):
            x = stage(x, maps)
        return self.classifier(x)

    def _sizes(self) -> str:
        step = 2 ** len(self.down)
        extra = 0 if self.same_size else 4 * (step - 1) % step
        return f"{step} k + {extra}" if extra else f"{step} k"


def unet(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> UNet:
    """The U-Net of the paper: 572 × 572 pixels in, 388 × 388 out."""
    return started(UNet(**kwargs), weights)


def unet_same(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> UNet:
    """A U-Net with batch norm whose answer is as large as the image."""
    kwargs = {"same_size": True, "batch_norm": True, **kwargs}
    return started(UNet(**kwargs), weights)
