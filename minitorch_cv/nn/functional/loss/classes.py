"""Loss functions. reduction: "mean", "sum" or "none"."""

from __future__ import annotations

import warnings
from typing import Any

from ....autograd.tape import apply
from ....autograd.tensor import Tensor
from ....ops.loss.cross_entropy import OP as CROSS_ENTROPY
from ....ops.loss.l1_loss import OP as L1_LOSS
from ....ops.loss.mse_loss import OP as MSE_LOSS
from ....ops.loss.nll_loss import OP as NLL_LOSS
from ....ops.loss.targets import check_reduction
from ..judging import judge


def cross_entropy(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """−log softmax(x)[target] of unnormalised scores x.

    Shapes: (C,), (N, C) or (N, C, d1, …); target: class indices (), (N,) or (N, d1, …), or
    probabilities of the shape of x. weight (C,): one for each class.
    """
    _judge_scores("cross_entropy", input, target, weight)
    return apply(
        CROSS_ENTROPY, input, target, weight, ignore_index=ignore_index,
        reduction=resolve_reduction(size_average, reduce, reduction),
        label_smoothing=label_smoothing,
    )  # fmt: skip


def nll_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−x[target] of log-probabilities x. Shapes as for cross_entropy, target class indices."""
    _judge_scores("nll_loss", input, target, weight)
    return apply(
        NLL_LOSS, input, target, weight, ignore_index=ignore_index,
        reduction=resolve_reduction(size_average, reduce, reduction),
    )  # fmt: skip


def _judge_scores(op: str, x: Tensor, target: Tensor, weight: Tensor | None) -> None:
    if not (isinstance(x, Tensor) and isinstance(target, Tensor)):
        judge(op, input=x, target=target)
    if weight is not None:
        judge(op, weight=weight)


def mse_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x − target)². weight: one for each element; the mean is then the weighted mean."""
    reduction = resolve_reduction(size_average, reduce, reduction)
    return _distance(MSE_LOSS, input, target, reduction, weight)


def l1_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x − target|. weight: one for each element; the mean is then the weighted mean."""
    reduction = resolve_reduction(size_average, reduce, reduction)
    return _distance(L1_LOSS, input, target, reduction, weight)


def _distance(op: Any, x: Tensor, target: Tensor, reduction: str, weight: Any) -> Tensor:
    if not (isinstance(x, Tensor) and isinstance(target, Tensor)):
        judge(op.name, input=x, target=target)
    if weight is None:
        return apply(op, x, target, reduction=reduction)
    judge(op.name, weight=weight)
    check_reduction(op.name, reduction)
    if weight.shape != x.shape:
        raise ValueError(
            f"{op.name}: weight has the shape of the input (got {weight.shape} for {x.shape})"
        )
    each = apply(op, x, target, reduction="none") * weight
    if reduction == "mean":
        return each.sum() / weight.sum()
    return each.sum() if reduction == "sum" else each


def resolve_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's two older arguments ask for, where one of them is given."""
    if size_average is None and reduce is None:
        return reduction
    warnings.warn(
        "loss: size_average and reduce are old arguments; use reduction=", DeprecationWarning,
        stacklevel=3,
    )  # fmt: skip
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"
