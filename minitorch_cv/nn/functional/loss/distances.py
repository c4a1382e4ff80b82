"""Losses that measure a distance between x and the target, element by element."""

from __future__ import annotations

from typing import Any

from ....autograd.tape import apply
from ....autograd.tensor import Tensor
from ....ops.loss.elementwise import BY_NAME
from ....ops.op import Op
from ..judging import judge
from .reducing import (
    floats,
    in_one_dtype,
    number,
    numbers,
    reduced,
    resolve_reduction,
    warn_of_broadcasting,
)


def mse_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x − target)². weight: one for each element; the mean is then the weighted mean."""
    reduction = _resolve(size_average, reduce, reduction, weight)
    warn_of_broadcasting("mse_loss", input, target)
    return _distance(BY_NAME["mse_loss"], input, target, reduction, weight)


def l1_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x − target|. weight: one for each element; the mean is then the weighted mean."""
    reduction = _resolve(size_average, reduce, reduction, weight)
    warn_of_broadcasting("l1_loss", input, target)
    numbers("l1_loss", input=input, target=target)
    if weight is None and input.dtype.kind != "f" and target.dtype.kind != "f":
        return reduced("l1_loss", (input - target).abs(), reduction)  # integers stay integers
    return _distance(BY_NAME["l1_loss"], input, target, reduction, weight)


def smooth_l1_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d² / 2β where d = |x − target| < β, else d − β/2. beta=0 is the l1_loss."""
    number("smooth_l1_loss", beta=beta)
    reduction = resolve_reduction(size_average, reduce, reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    warn_of_broadcasting("smooth_l1_loss", input, target)
    return _distance(BY_NAME["smooth_l1_loss"], input, target, reduction, None, beta=beta)


def huber_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d²/2 where d = |x − target| ≤ δ, else δ (d − δ/2). weight: one for each element.

    The result is of the input's dtype, and the mean with weights divides by their number.
    """
    number("huber_loss", delta=delta)
    warn_of_broadcasting("huber_loss", input, target)
    floats("huber_loss", input=input)
    op, target = BY_NAME["huber_loss"], target.to(dtype=input.dtype)
    if weight is None:
        reduction = resolve_reduction(None, None, reduction)
        return _distance(op, input, target, reduction, None, delta=delta)
    _judge_weight("huber_loss", input, weight)
    each = _distance(op, input, target, "none", None, delta=delta) * weight
    return reduced("huber_loss", each, reduction)


def _resolve(
    size_average: bool | None, reduce: bool | None, reduction: str, weight: Tensor | None
) -> str:
    """As for all losses, but that the old name of the mean does not go with a weight."""
    if weight is not None and size_average is None and reduce is None:
        return reduction
    return resolve_reduction(size_average, reduce, reduction)


def _distance(
    op: Op, x: Tensor, target: Tensor, reduction: str, weight: Tensor | None, **params: Any
) -> Tensor:
    if x.dtype != target.dtype:
        x, target = in_one_dtype(x, target)
    if weight is None:
        return apply(op, x, target, reduction=reduction, **params)
    _judge_weight(op.name, x, weight)
    each = apply(op, x, target, reduction="none") * weight
    if reduction == "mean":
        return each.sum() / weight.sum()
    return reduced(op.name, each, reduction)


def _judge_weight(op: str, x: Tensor, weight: Tensor) -> None:
    judge(op, weight=weight)
    if weight.shape != x.shape:
        raise ValueError(
            f"{op}: weight has the shape of the input (got {weight.shape} for {x.shape})"
        )
