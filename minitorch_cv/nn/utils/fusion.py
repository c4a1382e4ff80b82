"""Batch norm in evaluation is a scale and a shift, which the layer before it can do as well.

Source: B. Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018, section 3.2, equation 14.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...autograd.creation import ones_like, zeros_like
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ..core.module import Module
from ..modules.linear import Linear
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def fuse_conv_bn_eval(conv: M, bn: Module, transpose: bool = False) -> M:
    """A new convolution that computes bn(conv(x)); both must be in evaluation mode.

    transpose: conv is a transposed convolution (of one group).
    Raises ValueError in training mode and for a norm without running statistics.
    """
    _judge("fuse_conv_bn_eval", conv, bn)
    fused: Any = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, *_numbers(bn), transpose
    )
    return fused


def fuse_linear_bn_eval(linear: M, bn: Module) -> M:
    """A new linear layer that computes bn(linear(x)); both must be in evaluation mode.

    Raises ValueError in training mode, for a norm without running statistics, and where the sizes
    do not fit.
    """
    _judge("fuse_linear_bn_eval", linear, bn)
    fused: Any = copy.deepcopy(linear)
    features = bn.num_features
    if isinstance(linear, Linear) and features not in (1, linear.out_features):
        raise ValueError(
            f"fuse_linear_bn_eval: the norm has the linear layer's {linear.out_features} features "
            f"or 1 (got {features})"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, *_numbers(bn))
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a convolution with the batch norm after it.

        w' = w s, b' = (b − μ) s + β, s = γ / √(v + eps) for each output channel

    conv_w, conv_b: w and b; bn_rm, bn_rv: the running mean μ and variance v; bn_w, bn_b: γ and β.
    transpose: output channels are the second axis of w, as in transposed convolutions.
    """
    axes = [1] * conv_w.ndim
    axes[1 if transpose else 0] = -1
    return _folded(conv_w, conv_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), axes)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a linear layer with the batch norm after it, as above."""
    return _folded(linear_w, linear_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), [-1, 1])


def _folded(
    w: Tensor, b: Tensor | None, norm: tuple[Any, ...], axes: list[int]
) -> tuple[Parameter, Parameter]:
    """Computed in float64, so that the only rounding is the last one."""
    mean, var, eps, gamma, beta = norm
    with no_grad():
        old = zeros_like(mean) if b is None else b
        gamma = ones_like(mean) if gamma is None else gamma
        beta = zeros_like(mean) if beta is None else beta
        scale = gamma.double() / (var.double() + eps).sqrt()
        new_w = (w.double() * scale.reshape(axes)).to(w.dtype)
        shift = (old.double() - mean.double()) * scale + beta.double()
        new_b = shift.to(w.dtype if b is None else b.dtype)
    return (
        Parameter(new_w, w.requires_grad),
        Parameter(new_b, b is not None and b.requires_grad),
    )


def _numbers(bn: Any) -> tuple[Any, Any, float, Any, Any]:
    return bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias


def _judge(name: str, layer: Module, bn: Any) -> None:
    if layer.training or bn.training:
        raise ValueError(f"{name}: both layers are in evaluation mode; call .eval() first")
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError(
            f"{name}: the norm has no running statistics (track_running_stats=False), so it "
            "depends on the batch"
        )
