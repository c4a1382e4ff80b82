"""Losses of class scores whose target is the number of the true class."""

from __future__ import annotations

import math
from typing import Any

from ....autograd.tape import apply, new_tensor
from ....autograd.tensor import Tensor
from ....backend.library import array_module
from ....ops.geometry import is_int
from ....ops.loss.cross_entropy import OP as CROSS_ENTROPY
from ....ops.loss.nll_loss import OP as NLL_LOSS
from ....ops.loss.targets import along_classes, check_scores
from ..judging import judge, judge_optional, judge_range
from ..linear import linear
from .reducing import number, resolve_reduction, without_gradient


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
    probabilities of the shape of x. weight (C,): one for each class; it has a gradient where the
    target holds probabilities. A label_smoothing below 0 is none, as in PyTorch.
    """
    _judge_scores("cross_entropy", input, target, weight, ignore_index)
    number("cross_entropy", label_smoothing=label_smoothing)
    if not label_smoothing > 0:
        label_smoothing = 0.0
    if target.shape != input.shape:
        without_gradient("cross_entropy", weight=weight)
    elif weight is not None and weight.dtype.kind != "f":
        weight = weight.to(dtype=input.dtype)
    if weight is not None and weight.requires_grad and target.shape == input.shape:
        check_scores("cross_entropy", input.array, weight.array)
        target = target * (1 - label_smoothing) + label_smoothing / weight.shape[0]
        target, weight = target * along_classes(weight, input.ndim), None
        label_smoothing = 0.0
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
    _judge_scores("nll_loss", input, target, weight, ignore_index)
    without_gradient("nll_loss", weight=weight)
    return apply(
        NLL_LOSS, input, target, weight, ignore_index=ignore_index,
        reduction=resolve_reduction(size_average, reduce, reduction),
    )  # fmt: skip


def linear_cross_entropy(
    input: Tensor,  # noqa: A002
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: None = None,
) -> Tensor:
    """cross_entropy of the scores W x + b. options: PyTorch's choices of chunks; only None.

    Shapes: x (N, I) or (I,); W (C, I) or (C, d1, …, I); b (C,) or (C, d1, …); target as in
    cross_entropy of scores (N, C, d1, …).
    """
    op = "linear_cross_entropy"
    judge(op, input=input, linear_weight=linear_weight, target=target)
    judge_optional(op, linear_bias=linear_bias)
    if options is not None:
        raise TypeError(f"{op}: options must be None (got {options!r}); leave it out")
    most = 2 if input.ndim == 1 else math.inf
    if input.ndim not in (1, 2) or not 2 <= linear_weight.ndim <= most:
        raise ValueError(
            f"{op}: x is (N, I) or (I,) and weight (C, I), or (C, d1, …, I) for a batch (got "
            f"{input.shape} and {linear_weight.shape})"
        )
    sizes = linear_weight.shape[:-1]  # (C, d1, …)
    if linear_bias is not None and linear_bias.shape != sizes:
        raise ValueError(f"{op}: bias is {sizes} (got {linear_bias.shape}); one for each score")
    if ignore_index is not None and target.shape == (*input.shape[:-1], *sizes):
        raise ValueError(f"{op}: ignore_index is for class labels; leave it out")
    rows = linear_weight.reshape(math.prod(sizes), linear_weight.shape[-1])
    bias = None if linear_bias is None else linear_bias.reshape(math.prod(sizes))
    scores = linear(input, rows, bias).reshape(*input.shape[:-1], *sizes)
    return cross_entropy(
        scores, target, weight, ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction, label_smoothing=label_smoothing,
    )  # fmt: skip


def _judge_scores(
    op: str, x: Tensor, target: Tensor, weight: Tensor | None, ignore_index: Any
) -> None:
    if not (isinstance(x, Tensor) and isinstance(target, Tensor)):
        judge(op, input=x, target=target)
    if weight is not None:
        judge(op, weight=weight)
    if not is_int(ignore_index):
        raise TypeError(f"{op}: ignore_index is an int (got {ignore_index!r}); use e.g. -100")


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at each label and 0 at all other classes: (…) int64 → (…, C) int64.

    num_classes: C; −1 takes the largest label + 1.
    """
    judge("one_hot", tensor=tensor)
    labels, C = tensor.array, num_classes
    if labels.dtype != "int64":
        raise TypeError(f"one_hot: labels are int64 (got {labels.dtype}); use .long()")
    if not is_int(C):
        raise TypeError(f"one_hot: num_classes is an int (got {C!r}); use −1 for all that occur")
    if labels.size == 0 and C <= 0:
        raise ValueError("one_hot: no label tells how many classes there are; give num_classes")
    if C == -1:
        C = int(labels.max()) + 1
    judge_range("one_hot", labels, 0, C, "; give num_classes=-1 or a larger one")
    xp = array_module(labels)
    return new_tensor((labels[..., None] == xp.arange(C)).astype("int64"))
