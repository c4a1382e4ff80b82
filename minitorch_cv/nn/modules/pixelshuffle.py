"""Layers that move elements between channels and pixels, or between groups of channels."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class PixelShuffle(Module):
    """Makes images r times as large out of groups of r² channels.

        y[c, p, q] = x[c r² + (p mod r) r + q mod r, ⌊p/r⌋, ⌊q/r⌋]      r = upscale_factor

    Shapes: (…, C·r², H, W) → (…, C, H·r, W·r).
    Source: W. Shi et al., "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", 2016, equation 4.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The larger images."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Puts every square of r × r pixels into r² channels: PixelShuffle undone.

        y[c r² + i r + j, p, q] = x[c, p r + i, q r + j]      0 ≤ i, j < r = downscale_factor

    Shapes: (…, C, H·r, W·r) → (…, C·r², H, W).
    Source: W. Shi et al., "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", 2016, equation 4.
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The smaller images."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Deals the channels out anew, so that each new group has some of every old one.

        y[i G + g] = x[g C/G + i]      0 ≤ g < G = groups,  0 ≤ i < C/G

    Shapes: (N, C, …) → (N, C, …); C is divisible by groups.
    Source: X. Zhang et al., "ShuffleNet", 2018, section 3.1.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The same channels in another order."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
