"""`LayerNorm`, `GroupNorm`, `RMSNorm` and `LocalResponseNorm`."""

from __future__ import annotations

from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from ...ops.geometry import is_int
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..parameter import Parameter

Shape = tuple[int, ...]


class _Affine(Module):
    """What most normalisations end with: a learned weight and bias, 1 and 0 at first, or None."""

    weight: Parameter | None
    bias: Parameter | None

    def _set_parameters(self, shape: Any, device: Any, dtype: Any, **wanted: bool) -> None:
        for name, want in wanted.items():
            fresh = Parameter(empty(shape, device=device, dtype=dtype)) if want else None
            self.register_parameter(name, fresh)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        bias = getattr(self, "bias", None)  # RMSNorm has none
        if bias is not None:
            init.zeros_(bias)


def _shape_of(value: Any, layer: str) -> Shape:
    """normalized_shape as a tuple: one int is one axis."""
    if is_int(value):
        return (int(value),)
    if not hasattr(value, "__iter__"):
        raise TypeError(
            f"{layer}: normalized_shape is an int or a list of ints (got {value!r}); use e.g. 8"
        )
    return tuple(value)


class LayerNorm(_Affine):
    """The last axes of each sample, shifted to mean 0 and scaled to variance 1.

        y = (x − μ) / √(v + eps) · weight + bias
        μ, v = mean and biased variance over the last axes, of each sample on its own

    Shapes: (…, *normalized_shape) → the same; weight and bias (*normalized_shape).
    normalized_shape: an int for the last axis, or the sizes of the last axes. elementwise_affine:
    with a learned weight and bias for each element; bias can be left out alone. Training and
    evaluation are the same.

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016, section 3.
    """

    def __init__(
        self,
        normalized_shape: int | list[int] | Shape,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape_of(normalized_shape, "LayerNorm")
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._set_parameters(
            self.normalized_shape, device, dtype,
            weight=elementwise_affine, bias=elementwise_affine and bias,
        )  # fmt: skip
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(_Affine):
    """The channels of each sample, in groups, shifted to mean 0 and scaled to variance 1.

        y = (x − μ) / √(v + eps) · weight + bias
        μ, v = mean and biased variance over the channels of a group and all their positions

    Shapes: (N, C, …) → the same; weight and bias (C,), C = num_channels. num_groups divides C: 1 is
    layer normalisation with a weight for each channel, C is instance normalisation. affine: with
    learned weight and bias; bias can be left out alone. Training and evaluation are the same.

    Source: Y. Wu, K. He, "Group normalization", ECCV 2018, section 3.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if not num_groups or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_groups divides num_channels (got {num_groups} and {num_channels})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._set_parameters(num_channels, device, dtype, weight=affine, bias=affine and bias)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """The last axes of each sample, divided by their root mean square; nothing is shifted.

        y = x / √(Σ x² / n + eps) · weight,   n = the number of values in the last axes

    Shapes: (…, *normalized_shape) → the same; weight (*normalized_shape). normalized_shape: an int
    for the last axis, or the sizes of the last axes. eps: None is the distance from 1 to the next
    number (float16 is computed in float32). elementwise_affine: with a learned weight.

    Source: B. Zhang, R. Sennrich, "Root mean square layer normalization", NeurIPS 2019, section 4.
    """

    def __init__(
        self,
        normalized_shape: int | list[int] | Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape_of(normalized_shape, "RMSNorm")
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._set_parameters(self.normalized_shape, device, dtype, weight=elementwise_affine)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class LocalResponseNorm(Module):
    """Each value divided by what the neighbouring channels measure at the same position.

        y_c = x_c / (k + alpha / size · Σ x_j²)^beta,   j = c − ⌊size/2⌋ … c + ⌊(size − 1)/2⌋

    Shapes: (N, C, …) → the same, with at least one axis after C. Channels outside count as zeros.
    The paper has alpha without the division by size.

    Source: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep
    convolutional neural networks", NIPS 2012, section 3.3.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The normalised input."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
