"""`Unfold` and `Fold`: windows of images as columns, and back."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class Unfold(Module):
    """Makes every window of an image one column: a convolution is then a matrix product.

        y[n, (c, i, j), (p, q)] = x̄[n, c, p · stride + i · dilation, q · stride + j · dilation]

    with x̄ = x and a border of zeros, `padding` wide.

    Shapes: (N, C, H, W) → (N, C · KH · KW, OH · OW), or the same without N;
    OH = ⌊(H + 2 padding − dilation (KH − 1) − 1) / stride⌋ + 1, OW alike.
    kernel_size, dilation, padding, stride: a number or two.

    Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for
    document processing", 2006, section 3.
    """

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The columns."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """Adds columns up where their windows lie on the image: the adjoint of Unfold, not its inverse.

        y[n, c, r, s] = Σ x[n, (c, i, j), (p, q)] over all (i, j, p, q) with
        (r, s) = (p · stride + i · dilation − padding, q · stride + j · dilation − padding)

    Shapes: (N, C · KH · KW, OH · OW) → (N, C, H, W), or the same without N; (H, W) = output_size,
    OH = ⌊(H + 2 padding − dilation (KH − 1) − 1) / stride⌋ + 1, OW alike.
    output_size, kernel_size, dilation, padding, stride: a number or two.

    Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for
    document processing", 2006, section 3.
    """

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The images."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
