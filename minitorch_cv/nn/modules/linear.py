"""`Linear`, `Bilinear` and `Identity`."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from ...ops.geometry import is_int
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..parameter import Parameter


class Linear(Module):
    """A fully connected layer: every output is a weighted sum of all inputs.

        y = x Wᵀ + b

    Shapes: (…, in_features) → (…, out_features).
    weight: (out_features, in_features), bias: (out_features,); both start uniform in
    ±1 / √in_features.

    Source: F. Rosenblatt, "The perceptron: a probabilistic model for information storage and
    organization in the brain", 1958; I. Goodfellow, Y. Bengio, A. Courville, "Deep learning", 2016,
    section 6.1.
    """

    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not is_int(in_features) or not is_int(out_features):
            raise TypeError(f"Linear: sizes are ints (got {in_features!r} and {out_features!r})")
        if in_features < 0 or out_features < 0:
            raise ValueError(
                f"Linear: sizes are not negative (got {in_features} and {out_features})"
            )
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # bound 1 / √in_features
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """x Wᵀ + b."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """A weighted sum of all products of an element of x1 with one of x2.

        y[…, o] = b[o] + Σ_{i, j} x1[…, i] W[o, i, j] x2[…, j]

    Shapes: (…, in1_features), (…, in2_features) → (…, out_features), with equal leading sizes.
    weight: (out_features, in1_features, in2_features), bias: (out_features,); both start uniform in
    ±1 / √in1_features.

    Source: J. Tenenbaum, W. Freeman, "Separating style and content with bilinear models", 2000,
    section 2.
    """

    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = (out_features, in1_features, in2_features)
        if in1_features < 1 or min(sizes) < 0:
            raise ValueError(
                f"Bilinear: in1_features is at least 1, and no size is negative (got "
                f"{in1_features}, {in2_features} and {out_features})"
            )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty(sizes, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Σ x1 W x2 + b."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Returns its input; takes any arguments, so that it can stand for any layer.

        y = x

    Shapes: any → the same.

    Source: none; it is a place where a layer was, or may come.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input itself."""
        return input
