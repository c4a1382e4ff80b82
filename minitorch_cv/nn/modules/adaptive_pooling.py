"""Pooling layers that choose their windows for a wanted size of the output."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class _AdaptiveAvgPoolNd(Module):
    """The mean of each of output_size windows that cover the image.

        y[n, c, p, q] = mean of x[n, c, r, s] over r in [⌊p·H/OH⌋, ⌈(p + 1)·H/OH⌉),
                                                   s in [⌊q·W/OW⌋, ⌈(q + 1)·W/OW⌉)

    for two axes; with one or three there is one index or there are three. Neighbours overlap where
    the sizes do not divide. output_size=1 is global average pooling.

    Source: M. Lin, Q. Chen, S. Yan, "Network in network", 2014, section 3.2.
    """

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The mean of each of output_size windows that cover a line.

    Shapes: (N, C, W) → (N, C, OW), or the same without N; OW = output_size.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The mean of each of a grid of windows that cover an image.

    Shapes: (N, C, H, W) → (N, C, OH, OW), or the same without N; (OH, OW) = output_size, where
    None keeps the size of the image.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The mean of each of a grid of windows that cover a volume.

    Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW), or the same without N; (OD, OH, OW) = output_size,
    where None keeps the size of the volume.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(Module):
    """The largest value of each of output_size windows that cover the image.

        y[n, c, p, q] = max of x[n, c, r, s] over r in [⌊p·H/OH⌋, ⌈(p + 1)·H/OH⌉),
                                                  s in [⌊q·W/OW⌋, ⌈(q + 1)·W/OW⌉)

    for two axes; with one or three there is one index or there are three. Ties go to the first one
    in row-major order. return_indices: also where each maximum was found, counted through the
    image.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Spatial pyramid pooling in deep convolutional networks
    for visual recognition", 2014, section 2.2 (bins in proportion to the image).
    """

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest value of each of output_size windows that cover a line.

    Shapes: (N, C, W) → (N, C, OW), or the same without N; OW = output_size.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest value of each of a grid of windows that cover an image.

    Shapes: (N, C, H, W) → (N, C, OH, OW), or the same without N; (OH, OW) = output_size, where
    None keeps the size of the image.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest value of each of a grid of windows that cover a volume.

    Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW), or the same without N; (OD, OH, OW) = output_size,
    where None keeps the size of the volume.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
