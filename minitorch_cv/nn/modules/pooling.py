"""Pooling layers over windows of a given size, for lines, images and volumes."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


def _as_tuple(value: Any, n: int) -> Any:
    """n equal numbers for one; what is no number is left as it is."""
    return tuple(value) if hasattr(value, "__iter__") else (value,) * n


class _MaxPoolNd(Module):
    """The largest value of each window; ties go to the first one in row-major order.

        y[n, c, p, q] = max_{i, j} x[n, c, p·SH + i·DH − PH, q·SW + j·DW − PW]

    for two axes; with one or three there is one index or there are three. Padding never wins.
    stride is kernel_size where it is None. return_indices: also where each maximum was found,
    counted through the image. ceil_mode: ⌈…⌉ instead of ⌊…⌋ in the sizes, so that a last window may
    hang over the edge; it must start inside the image or the padding before it.

    Source: J. Weng, N. Ahuja, T. Huang, "Cresceptron: a self-organizing neural network which grows
    adaptively", 1992, section 3.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest value of each window of a line; ties go to the first one.

    Shapes: (N, C, W) → (N, C, OW), or the same without N;
    OW = ⌊(W + 2·P − D·(K − 1) − 1) / S⌋ + 1.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool2d(_MaxPoolNd):
    """The largest value of each window of an image; ties go to the first in row-major order.

    Shapes: (N, C, H, W) → (N, C, OH, OW), or the same without N;
    OH = ⌊(H + 2·PH − DH·(KH − 1) − 1) / SH⌋ + 1, OW alike.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool3d(_MaxPoolNd):
    """The largest value of each window of a volume; ties go to the first in row-major order.

    Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW), or the same without N;
    OH = ⌊(H + 2·PH − DH·(KH − 1) − 1) / SH⌋ + 1, OD and OW alike.
    """

    def forward(self, input: Tensor) -> Any:  # noqa: A002
        """The maxima; with return_indices also where they were found."""
        return F.max_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class _AvgPoolNd(Module):
    """The mean of each window.

        y[n, c, p, q] = 1 / D[p, q] · Σ_{i, j} x[n, c, p·SH + i − PH, q·SW + j − PW]

    for two axes; with one or three there is one index or there are three. Padding holds zeros, and
    D counts the elements of a window inside the image and, with count_include_pad, its padding.
    stride is kernel_size where it is None. ceil_mode: ⌈…⌉ instead of ⌊…⌋ in the sizes; what hangs
    over the padding is not counted.

    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", 1998, section II.B (subsampling).
    """

    kernel_size: Any
    stride: Any
    padding: Any
    ceil_mode: bool
    count_include_pad: bool

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """The mean of each window of a line.

    Shapes: (N, C, W) → (N, C, OW), or the same without N; OW = ⌊(W + 2·P − K) / S⌋ + 1.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _as_tuple(kernel_size, 1)
        self.stride = _as_tuple(kernel_size if stride is None else stride, 1)
        self.padding = _as_tuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


class _AvgPoolGrid(_AvgPoolNd):
    """What the mean over images and volumes share.

    divisor_override: divide by this number instead of D.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override


class AvgPool2d(_AvgPoolGrid):
    """The mean of each window of an image.

    Shapes: (N, C, H, W) → (N, C, OH, OW), or the same without N; OH = ⌊(H + 2·PH − KH) / SH⌋ + 1,
    OW alike. divisor_override: divide by this number instead.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class AvgPool3d(_AvgPoolGrid):
    """The mean of each window of a volume.

    Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW), or the same without N;
    OH = ⌊(H + 2·PH − KH) / SH⌋ + 1, OD and OW alike. divisor_override: divide by this number
    instead.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The means."""
        return F.avg_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class _LPPoolNd(Module):
    """The p-norm of each window (p = 1: the sum, p = ∞: the largest magnitude).

        y[n, c, p, q] = (Σ_{i, j} x[n, c, p·SH + i, q·SW + j]^P)^(1/P)

    for two axes, with P = norm_type. The numbers are not made positive first: an odd P may give a
    negative sum, and NaN as its root. Where the sum is 0, so is the gradient. stride is kernel_size
    where it is None. ceil_mode: ⌈…⌉ instead of ⌊…⌋ in the sizes; a window that hangs over the edge
    is scaled up to the full number of elements.

    Source: P. Sermanet, S. Chintala, Y. LeCun, "Convolutional neural networks applied to house
    numbers digit classification", 2012, section II.B.
    """

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """The p-norm of each window of a line.

    Shapes: (N, C, W) → (N, C, OW), or the same without N; OW = ⌊(W − K) / S⌋ + 1.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The norms."""
        return F.lp_pool1d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool2d(_LPPoolNd):
    """The p-norm of each window of an image.

    Shapes: (N, C, H, W) → (N, C, OH, OW), or the same without N; OH = ⌊(H − KH) / SH⌋ + 1, OW
    alike.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The norms."""
        return F.lp_pool2d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool3d(_LPPoolNd):
    """The p-norm of each window of a volume.

    Shapes: (N, C, D, H, W) → (N, C, OD, OH, OW), or the same without N;
    OH = ⌊(H − KH) / SH⌋ + 1, OD and OW alike.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The norms."""
        return F.lp_pool3d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class _MaxUnpoolNd(Module):
    """Puts maxima back to where a max-pool found them; zeros elsewhere.

        y[n, c, indices[n, c, p, q]] = x[n, c, p, q]

    with each image counted through from its first element. kernel_size, stride (kernel_size where
    it is None) and padding are those of the pooling. Of two numbers for one place the later stays.

    Source: M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", 2014,
    section 2.1 (switches).
    """

    axes: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = _as_tuple(kernel_size, self.axes)
        self.stride = _as_tuple(kernel_size if stride is None else stride, self.axes)
        self.padding = _as_tuple(padding, self.axes)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts maxima back to where `MaxPool1d` found them; zeros elsewhere.

    Shapes: (N, C, OW) and indices alike → (N, C, W), or the same without N;
    W = (OW − 1)·S + K − 2·P, or output_size.
    """

    axes = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:  # noqa: A002
        """The line with gaps; output_size: its width, where the pooled width leaves it open."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts maxima back to where `MaxPool2d` found them; zeros elsewhere.

    Shapes: (N, C, OH, OW) and indices alike → (N, C, H, W), or the same without N;
    H = (OH − 1)·SH + KH − 2·PH, W alike, or output_size.
    """

    axes = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:  # noqa: A002
        """The image with gaps; output_size: its size, where the pooled size leaves it open."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts maxima back to where `MaxPool3d` found them; zeros elsewhere.

    Shapes: (N, C, OD, OH, OW) and indices alike → (N, C, D, H, W), or the same without N;
    H = (OH − 1)·SH + KH − 2·PH, D and W alike, or output_size.
    """

    axes = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:  # noqa: A002
        """The volume with gaps; output_size: its size, where the pooled size leaves it open."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
