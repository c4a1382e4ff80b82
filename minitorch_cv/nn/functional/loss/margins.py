"""Losses that ask for a margin: nothing to pay where the right answer is ahead by enough."""

from __future__ import annotations

from typing import Any

from ....autograd.functions import where
from ....autograd.tape import apply, new_tensor
from ....autograd.tensor import Tensor
from ....backend.library import array_module
from ....ops.elementwise.broadcast import broadcast_shapes
from ....ops.loss.elementwise import BY_NAME
from ....ops.loss.targets import check_reduction
from ..judging import judge, judge_optional, judge_range
from .reducing import floats, number, numbers, reduced, resolve_reduction, without_gradient

SOFT_MARGIN = BY_NAME["soft_margin_loss"]


def soft_margin_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + e^−tx), t ∈ {1, −1}. The target is broadcast to the input; it has no gradient."""
    op = SOFT_MARGIN.name
    judge(op, input=input, target=target)
    floats(op, input=input)
    without_gradient(op, target=target)
    numbers(op, target=target)
    if broadcast_shapes(op, input.shape, target.shape) != input.shape:
        raise ValueError(f"{op}: target {target.shape} does not broadcast to input {input.shape}")
    reduction = resolve_reduction(size_average, reduce, reduction)
    return apply(SOFT_MARGIN, input, target.to(dtype=input.dtype), reduction=reduction)


def hinge_embedding_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where t = 1, max(0, margin − x) where t = −1; the target has no gradient.

    For any other t the two are added, as in PyTorch. At x = margin the slope is −1.
    """
    op = "hinge_embedding_loss"
    judge(op, input=input, target=target)
    number(op, margin=margin)
    numbers(op, input=input)
    reduction = resolve_reduction(size_average, reduce, reduction)
    target = target.to(dtype="float64")  # −1 is no uint8
    apart = (float(margin) - input).clamp(min=0).to(dtype=input.dtype)
    each = where(target != 1, apart, 0) + where(target != -1, input, 0)
    return reduced(op, each, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin − t (x₁ − x₂)): t = 1 wants x₁ above x₂, t = −1 below. At 0 it has a slope."""
    op = "margin_ranking_loss"
    judge(op, input1=input1, input2=input2, target=target)
    numbers(op, input1=input1, input2=input2, target=target)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ValueError(
            f"{op}: all have the same number of axes (got {input1.shape}, {input2.shape} and "
            f"target {target.shape})"
        )
    reduction = resolve_reduction(size_average, reduce, reduction)
    each = (float(margin) - target * (input1 - input2)).clamp(min=0)
    return reduced(op, each, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 − cos(x₁, x₂) where t = 1, max(0, cos(x₁, x₂) − margin) where t = −1, else 0.

    Shapes: x₁, x₂ (N, D), target (N,); or (D,) and (). The target has no gradient.
    """
    op = "cosine_embedding_loss"
    judge(op, input1=input1, input2=input2, target=target)
    number(op, margin=margin)
    if target.ndim > 1 or not input1.ndim == input2.ndim == target.ndim + 1:
        raise ValueError(
            f"{op}: input is (N, D) with target (N,), or (D,) with () (got {input1.shape}, "
            f"{input2.shape} and target {target.shape})"
        )
    reduction = resolve_reduction(size_average, reduce, reduction)
    tiny = 1e-12  # keeps vectors of zeros away from 0 / 0, as in PyTorch
    squares1, squares2 = ((x * x).sum(-1) + tiny for x in (input1, input2))
    cos = (input1 * input2).sum(-1) / (squares1 * squares2).sqrt()
    each = where(target == 1, 1 - cos, 0) + where(target == -1, (cos - margin).clamp(min=0), 0)
    return reduced(op, each, reduction)


def multi_margin_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_j max(0, margin − x_t + x_j)ᵖ / C over the wrong classes j; the slope at 0 is 0.

    Shapes: (N, C) with target (N,), or (C,) with (). weight (C,): what an error of class t counts.
    """
    op = "multi_margin_loss"
    judge(op, input=input, target=target)
    judge_optional(op, weight=weight)
    number(op, margin=margin)
    reduction = resolve_reduction(size_average, reduce, reduction)
    check_reduction(op, reduction)
    if p not in (1, 2):
        raise ValueError(f"{op}: p is 1 or 2 (got {p}); use p=1")
    ahead, C = _ahead(op, input, target, margin)
    each = ahead if p == 1 else ahead * ahead  # (N, C)
    if weight is not None:
        without_gradient(op, weight=weight)
        if weight.shape != (C,) or weight.dtype != input.dtype:
            raise ValueError(
                f"{op}: weight has one number of the input's dtype for each of the {C} classes "
                f"(got {weight.shape} {weight.dtype})"
            )
        each = each * weight[target.reshape(-1)].unsqueeze(1)
    losses = each.sum(1) / C
    return reduced(op, losses.reshape(target.shape), reduction)


def multi_class_hinge_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Σ_j max(0, s_j − s_t + margin) over the wrong classes j; the slope at 0 is 0.

    Shapes: scores (N, C) with target (N,), or (C,) with (). The mean is over the batch.
    """
    op = "multi_class_hinge_loss"
    judge(op, input=input, target=target)
    number(op, margin=margin)
    check_reduction(op, reduction)
    ahead, _ = _ahead(op, input, target, margin)
    return reduced(op, ahead.sum(1).reshape(target.shape), reduction)


def _ahead(op: str, x: Tensor, target: Tensor, margin: float) -> tuple[Tensor, int]:
    """(N, C): by how much each wrong class is above x_t − margin, 0 where it is not; and C."""
    floats(op, input=x)
    rows = x if x.ndim == 2 else x.reshape(1, -1)
    N, C = rows.shape
    if x.ndim > 2 or C == 0 or target.ndim > 1 or target.numel() != N or target.ndim > x.ndim:
        raise ValueError(
            f"{op}: input is (N, C) with target (N,), or (C,) with () (got {x.shape} and target "
            f"{target.shape})"
        )
    labels = target.array.reshape(-1)
    if labels.dtype != "int64":
        raise TypeError(f"{op}: target holds class numbers, int64 (got {labels.dtype})")
    judge_range(op, labels, 0, C)
    xp = array_module(labels)
    true = rows[xp.arange(N), labels].unsqueeze(1)  # (N, 1)
    wrong = new_tensor(labels[:, None] != xp.arange(C))
    ahead = float(margin) - true + rows
    return where(wrong & (ahead > 0), ahead, 0), C


def multilabel_margin_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_{j, k} max(0, 1 − x_j + x_k) / C over the labels j and the other classes k.

    Shapes: (N, C) or (C,); target int64 of the same shape: the labels, ended by −1.
    """
    op = "multilabel_margin_loss"
    judge(op, input=input, target=target)
    floats(op, input=input)
    reduction = resolve_reduction(size_average, reduce, reduction)
    check_reduction(op, reduction)
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    N, C = rows.shape
    fits = target.shape == input.shape if input.ndim == 2 else target.ndim < 2
    if input.ndim > 2 or C == 0 or not fits or target.numel() != N * C:
        raise ValueError(
            f"{op}: input and target are (N, C), or (C,), with C > 0 (got {input.shape} and "
            f"{target.shape})"
        )
    labels = _labels_until_end(op, target.array.reshape(N, C))
    xp = array_module(labels)
    hit = labels[:, :, None] == xp.arange(C)  # (N, C, C): is the j-th label k?
    pairs = (labels >= 0)[:, :, None] & ~hit.any(axis=1)[:, None, :]  # (N, C, C)
    true = rows[xp.arange(N)[:, None], xp.maximum(labels, 0)].unsqueeze(2)  # (N, C, 1)
    ahead = 1 - true + rows.unsqueeze(1)  # (N, C, C)
    each = where(new_tensor(pairs) & (ahead > 0), ahead, 0).sum((1, 2)) / C
    return reduced(op, each if input.ndim == 2 else each.reshape(()), reduction)


def _labels_until_end(op: str, labels: Any) -> Any:
    """(N, C): the labels, with −1 from the first −1 on."""
    C = labels.shape[1]
    if labels.dtype != "int64":
        raise TypeError(f"{op}: target holds class numbers, int64 (got {labels.dtype})")
    judge_range(op, labels, -1, C)
    xp = array_module(labels)
    return xp.where(xp.cumsum(labels < 0, axis=1) == 0, labels, -1)
