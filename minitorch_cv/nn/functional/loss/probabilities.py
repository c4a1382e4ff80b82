"""Losses that compare probabilities, or that are the negative logarithm of one."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ....autograd.functions import where
from ....autograd.tape import apply
from ....autograd.tensor import Tensor
from ....backend.late import judge as judge_values
from ....ops.elementwise.broadcast import broadcast_shapes
from ....ops.loss.elementwise import BY_NAME
from ....ops.loss.targets import check_reduction
from ..judging import judge, judge_optional
from .reducing import (
    at_least,
    floats,
    in_one_dtype,
    number,
    numbers,
    reduced,
    resolve_reduction,
    same_shape,
    without_gradient,
)

BCE, LOGITS = BY_NAME["binary_cross_entropy"], BY_NAME["binary_cross_entropy_with_logits"]
KL_DIV = BY_NAME["kl_div"]


def binary_cross_entropy(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−t log x − (1 − t) log(1 − x) of probabilities x; logarithms are at least −100.

    weight: broadcast to the shape of the input; it has no gradient.
    """
    judge(BCE.name, input=input, target=target)
    same_shape(BCE.name, input, target)
    _judge_probabilities(input=input, target=target)
    reduction = resolve_reduction(size_average, reduce, reduction)
    if weight is None:
        return apply(BCE, input, target, reduction=reduction)
    return reduced(
        BCE.name,
        _weighted(BCE.name, apply(BCE, input, target, reduction="none"), weight),
        reduction,
    )


def _judge_probabilities(**values: Tensor) -> None:
    """Raises ValueError outside 0 … 1, where NaN is, too."""
    for name, value in values.items():
        p = value.array

        def complain(name: str = name, p: Any = p) -> None:
            raise ValueError(
                f"{BCE.name}: {name} holds probabilities, 0 … 1 (got {float(p.min())} … "
                f"{float(p.max())}); use sigmoid, or {LOGITS.name}"
            )

        judge_values(p, lambda p: ~((p >= 0) & (p <= 1)), complain)


def binary_cross_entropy_with_logits(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(x), without its overflow.

    weight, pos_weight (what t = 1 counts): broadcast to the shape of the input; without gradient.
    """
    judge(LOGITS.name, input=input, target=target)
    judge_optional(LOGITS.name, weight=weight, pos_weight=pos_weight)
    same_shape(LOGITS.name, input, target)
    floats(LOGITS.name, input=input, target=target)
    reduction = resolve_reduction(size_average, reduce, reduction)
    x = input.to(dtype=target.dtype)  # PyTorch's result is of the target's dtype
    if weight is None and pos_weight is None:
        return apply(LOGITS, x, target, reduction=reduction)
    if pos_weight is None:
        each = apply(LOGITS, x, target, reduction="none")
    else:
        yes = apply(LOGITS, x, target.detach() * 0 + 1, reduction="none")  # log(1 + e⁻ˣ)
        share = 1 + (_fitting(LOGITS.name, target, pos_weight, "pos_weight") - 1) * target
        each = (1 - target) * x + share * yes
    if weight is not None:
        each = _weighted(LOGITS.name, each, weight)
    return reduced(LOGITS.name, each, reduction)


def _weighted(op: str, each: Tensor, weight: Tensor) -> Tensor:
    return each * _fitting(op, each, weight, "weight")


def _fitting(op: str, x: Tensor, weight: Tensor, name: str) -> Tensor:
    """A weight in the dtype of x. Raises where it is broadcast to more than x."""
    judge(op, **{name: weight})
    without_gradient(op, **{name: weight})
    if broadcast_shapes(op, x.shape, weight.shape) != x.shape:
        raise ValueError(f"{op}: {name} {weight.shape} does not broadcast to the input {x.shape}")
    return weight.to(dtype=x.dtype)


def multilabel_soft_margin_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes (the last axis) of binary_cross_entropy_with_logits.

    weight: multiplies the loss of each class, and has a gradient.
    """
    op = "multilabel_soft_margin_loss"
    judge(op, input=input, target=target)
    judge_optional(op, weight=weight)
    floats(op, input=input)
    numbers(op, target=target)
    if input.ndim == 0:
        raise IndexError(f"{op}: input is (…, C) (got a 0-d tensor); use .reshape(1)")
    if size_average is not None or reduce is not None:
        reduction = resolve_reduction(size_average, reduce, reduction)
    each = apply(LOGITS, *in_one_dtype(input, target), reduction="none")
    if weight is not None:
        each = each * weight
    return reduced(op, each.sum(input.ndim - 1) / input.shape[-1], reduction)


def kl_div(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t (log t − x) of log-probabilities x; with log_target e^t (t − x).

    reduction: "batchmean" divides the sum by the batch size, which is the divergence; "mean"
    divides by all elements.
    """
    judge("kl_div", input=input, target=target)
    floats("kl_div", input=input, target=target)
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "kl_div: reduction='mean' divides by the batch size and by the number of classes; "
            "'batchmean' divides by the batch size alone, which is the KL divergence",
            stacklevel=2,
        )
    batch = size_average is None and reduce is None and reduction == "batchmean"
    reduction = "sum" if batch else resolve_reduction(size_average, reduce, reduction)
    x, t = in_one_dtype(input, target)
    y = apply(KL_DIV, x, t, reduction=reduction, log_target=log_target)
    return y / input.shape[0] if batch and input.ndim else y


def poisson_nll_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """λ − t log λ: a count t under the rate λ = eˣ, or λ = x with log_input=False.

    full: adds log t! by Stirling's formula t log t − t + ½ log 2πt where t > 1.
    eps: added to x inside the logarithm.
    """
    op = "poisson_nll_loss"
    judge(op, input=input, target=target)
    number(op, eps=eps)
    if input.dtype.kind == target.dtype.kind == "b":
        numbers(op, input=input)
    if size_average is not None or reduce is not None:
        reduction = resolve_reduction(size_average, reduce, reduction)
    check_reduction(op, reduction)
    if log_input:
        each = input.exp() - target * input
    else:
        each = input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        each = each + where(target > 1, stirling, 0)
    return reduced(op, each, reduction)


def gaussian_nll_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """½ (log v + (x − t)² / v), v = max(var, eps): t under a normal distribution around x.

    var: a number, or of the shape of x, without its last axis, or with one axis of size 1.
    eps limits the value of v alone; gradients are those of var. full: adds ½ log 2π.
    """
    op = "gaussian_nll_loss"
    judge(op, input=input, target=target)
    numbers(op, input=input, target=target)
    v = _variance(op, input, var)
    check_reduction(op, reduction)
    v = at_least(v, eps)
    each = 0.5 * (v.log() + (input - target) ** 2 / v)
    return reduced(op, each + 0.5 * math.log(2 * math.pi) if full else each, reduction)


def _variance(op: str, x: Tensor, var: Tensor | float) -> Tensor:
    """var in a shape that is broadcast against x."""
    if isinstance(var, float):
        var = x.detach() * 0 + var if x.dtype.kind == "f" else (x * 0.0) + var
    judge(op, var=var)
    floats(op, var=var)
    values = var.array

    def complain() -> None:
        raise ValueError(f"{op}: var is at least 0 (got {float(values.min())})")

    judge_values(values, lambda values: values < 0, complain)
    if var.shape == x.shape:
        return var
    if var.shape == x.shape[:-1]:
        return var.unsqueeze(-1)
    other = [v for n, v in zip(x.shape, var.shape, strict=False) if n != v]
    if var.ndim == x.ndim and sum(other) == 1:
        return var
    raise ValueError(
        f"{op}: var has the shape of the input, lacks its last axis, or has one axis of size 1 "
        f"(got {var.shape} for {x.shape})"
    )
