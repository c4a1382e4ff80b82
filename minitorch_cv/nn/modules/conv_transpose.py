"""`ConvTranspose1d`, `ConvTranspose2d`, `ConvTranspose3d`: convolutions that enlarge."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .conv import _ConvNd


class _ConvTranspose(_ConvNd):
    """Puts a multiple of a learned kernel down at each input element and adds them up.

        y[n, o, r] = b[o] + Σ_{c, i, p} w[c, o, i] x[n, c, p]
        where p · stride + i · dilation − padding = r

    for one axis of space, and alike with index pairs or triples for r, p and i; c runs over the
    channels of the group that o belongs to. It is the adjoint of the convolution with the same
    numbers (the gradient of its input), and so it undoes that one's change of size.

    weight: (in_channels, out_channels / groups, *kernel_size), bias: (out_channels,); both start
    uniform in ±1 / √(out_channels / groups · kernel elements). output_padding: elements more at the
    end of y, since a convolution with a stride makes one size out of several; or give `output_size`
    to the call. padding_mode: "zeros" alone.

    Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016,
    section 4; M. Zeiler et al., "Deconvolutional networks", 2010.
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        layer = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f"{layer}: padding_mode is 'zeros' (got {padding_mode!r})")
        if isinstance(padding, str):
            raise TypeError(f"{layer}: padding is a number, or one for each axis (got {padding!r})")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding,
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:  # noqa: A002
        """The enlarged input. output_size: (OH, OW), with or without what stands before them."""
        rest = self.output_padding
        if output_size is not None:
            rest = self._rest(input.shape, tuple(output_size))
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.axes - 1]
        return function(
            input, self.weight, self.bias, self.stride, self.padding, rest, self.groups,
            self.dilation,
        )  # fmt: skip

    def _rest(self, shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
        """The output_padding that gives a size. Raises ValueError where none does."""
        layer, n = type(self).__name__, self.axes
        if len(wanted) not in (n, len(shape)):
            raise ValueError(
                f"{layer}: output_size holds {n} sizes, or as many as the input (got {wanted} for "
                f"an input {shape})"
            )
        least = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        rest = tuple(size - low for size, low in zip(wanted[-n:], least, strict=True))
        if any(not 0 <= e < s for e, s in zip(rest, self.stride, strict=True)):
            most = [low + s - 1 for low, s in zip(least, self.stride, strict=True)]
            raise ValueError(
                f"{layer}: output_size is between {least} and {most} for an input {shape} "
                f"(got {list(wanted[-n:])})"
            )
        return rest


class ConvTranspose1d(_ConvTranspose):
    """Enlarges sequences by its stride with out_channels learned kernels.

    Shapes: (N, in_channels, L) → (N, out_channels, OL), or the same without N;
    OL = (L − 1) stride − 2 padding + dilation (K − 1) + output_padding + 1.
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Enlarges images by its stride with out_channels learned kernels.

    Shapes: (N, in_channels, H, W) → (N, out_channels, OH, OW), or the same without N;
    OH = (H − 1) stride − 2 padding + dilation (KH − 1) + output_padding + 1, OW alike.
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """Enlarges volumes by its stride with out_channels learned kernels.

    Shapes: (N, in_channels, D, H, W) → (N, out_channels, OD, OH, OW), or the same without N;
    OD = (D − 1) stride − 2 padding + dilation (KD − 1) + output_padding + 1, OH and OW alike.
    """

    axes = 3
