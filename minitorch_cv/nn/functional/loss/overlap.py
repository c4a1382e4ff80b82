"""Losses for classes of very different size: overlap (Dice) and focal loss."""

from __future__ import annotations

from ....autograd.functions import where
from ....autograd.tape import apply
from ....autograd.tensor import Tensor
from ....ops.activation.log_softmax import OP as LOG_SOFTMAX
from ....ops.activation.softmax import OP as SOFTMAX
from ....ops.loss.elementwise import BY_NAME
from ....ops.loss.targets import check_reduction
from ..judging import judge, judge_optional
from .classes import nll_loss, one_hot
from .reducing import floats, number, reduced, same_shape

LOGITS = BY_NAME["binary_cross_entropy_with_logits"]
ACTIVATIONS = ("none", "sigmoid", "softmax")


def dice_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    smooth: float = 1.0,
    squared: bool = False,
    activation: str = "none",
    over_batch: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """1 − (2 Σ p t + smooth) / (Σ p + Σ t + smooth) over the pixels of each image and class.

    Shapes: input (N, C, …); target of the same shape, or class numbers (N, …) int64 → (N, C) with
    'none'. activation: what makes the input probabilities p. squared: Σ p² + Σ t² below the bar.
    over_batch: sums over the batch, too → (C,).
    """
    op = "dice_loss"
    judge(op, input=input, target=target)
    number(op, smooth=smooth)
    floats(op, input=input)
    check_reduction(op, reduction)
    if activation not in ACTIVATIONS:
        raise ValueError(f"{op}: no such activation (got {activation!r}); use one of {ACTIVATIONS}")
    if input.ndim < 2:
        raise ValueError(f"{op}: input is (N, C, …) (got {input.shape}); add a batch axis")
    p = apply(SOFTMAX, input, axis=1) if activation == "softmax" else input
    p = p.sigmoid() if activation == "sigmoid" else p
    t = _as_shares(op, input, target).to(dtype=p.dtype)
    axes = (0, *range(2, p.ndim)) if over_batch else tuple(range(2, p.ndim))
    shared, sizes = p * t, (p * p + t * t if squared else p + t)
    if axes:
        shared, sizes = shared.sum(axes), sizes.sum(axes)
    return reduced(op, 1 - (2 * shared + smooth) / (sizes + smooth), reduction)


def _as_shares(op: str, x: Tensor, target: Tensor) -> Tensor:
    """The target in the shape of x: class numbers become 1 for their class and 0 elsewhere."""
    if target.ndim == x.ndim - 1 and target.shape == x.shape[:1] + x.shape[2:]:
        return one_hot(target, x.shape[1]).movedim(-1, 1)  # (N, C, …)
    same_shape(op, x, target)
    return target


def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float = 0.25,
    gamma: float = 2,
    reduction: str = "none",
) -> Tensor:
    """α_t (1 − p_t)^γ · (−log p_t), where p_t is sigmoid(x) for t = 1 and 1 − sigmoid(x) for t = 0.

    Shapes: inputs and targets (…). alpha: the share of t = 1, 1 − alpha that of t = 0; −1 weighs
    both alike.
    """
    op = "sigmoid_focal_loss"
    judge(op, inputs=inputs, targets=targets)
    number(op, alpha=alpha, gamma=gamma)
    if not (0 <= alpha <= 1 or alpha == -1):
        raise ValueError(f"{op}: alpha is a share, 0 … 1, or −1 for none (got {alpha})")
    check_reduction(op, reduction)
    same_shape(op, inputs, targets)
    floats(op, inputs=inputs, targets=targets)
    p = inputs.sigmoid()
    wrong = p * (1 - targets) + (1 - p) * targets  # 1 − p_t
    each = apply(LOGITS, inputs, targets, reduction="none") * wrong**gamma
    if alpha >= 0:
        each = (alpha * targets + (1 - alpha) * (1 - targets)) * each
    return reduced(op, each, reduction)


def softmax_focal_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    alpha: Tensor | None = None,
    gamma: float = 2,
    ignore_index: int = -100,
    reduction: str = "none",
) -> Tensor:
    """α_t (1 − p_t)^γ · (−log p_t), p = softmax(x) over the classes, t the true one.

    Shapes: (N, C, …) or (C,), target as in cross_entropy. alpha (C,): one for each class. The mean
    is over the positions that count, without their weights.
    """
    op = "softmax_focal_loss"
    judge(op, input=input, target=target)
    judge_optional(op, alpha=alpha)
    number(op, gamma=gamma)
    check_reduction(op, reduction)
    floats(op, input=input)
    if input.ndim == 0:
        raise ValueError(f"{op}: input is (N, C, …) or (C,) (got a 0-d tensor)")
    logp = apply(LOG_SOFTMAX, input, axis=0 if input.ndim == 1 else 1)
    cost = nll_loss(logp, target, ignore_index=ignore_index, reduction="none")  # −log p_t
    weighted = cost
    if alpha is not None:
        weighted = nll_loss(logp, target, alpha, ignore_index=ignore_index, reduction="none")
    free = cost == 0  # kept off the tape: 0^γ has an infinite slope where γ < 1
    wrong = -(-where(free, 1, cost)).expm1()  # 1 − p_t
    each = where(free, 0, weighted * wrong**gamma)
    if reduction == "mean":
        return each.sum() / (target != ignore_index).sum()
    return reduced(op, each, reduction)
