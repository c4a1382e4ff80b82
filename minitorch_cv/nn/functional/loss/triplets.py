"""Losses of triplets: an anchor is to be nearer to a positive example than to a negative one."""

from __future__ import annotations

from collections.abc import Callable

from ....autograd.tensor import Tensor
from ....ops.loss.targets import check_reduction
from ..distance import pairwise_distance
from ..judging import judge
from .reducing import reduced, resolve_reduction

Distance = Callable[[Tensor, Tensor], Tensor]


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin) with the pairwise_distance d of norm p.

    swap: takes d(p, n) where it is smaller than d(a, n).
    """
    reduction = resolve_reduction(size_average, reduce, reduction)
    return _triplet(
        "triplet_margin_loss", anchor, positive, negative,
        lambda a, b: pairwise_distance(a, b, p, eps), margin, swap, reduction,
    )  # fmt: skip


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss with any distance(x, y); without one, pairwise_distance."""
    return _triplet(
        "triplet_margin_with_distance_loss", anchor, positive, negative,
        distance_function or pairwise_distance, margin, swap, reduction,
    )  # fmt: skip


def _triplet(
    op: str, anchor: Tensor, positive: Tensor, negative: Tensor, distance: Distance, margin: float,
    swap: bool, reduction: str,
) -> Tensor:  # fmt: skip
    judge(op, anchor=anchor, positive=positive, negative=negative)
    check_reduction(op, reduction)
    if margin <= 0:
        raise ValueError(f"{op}: margin is above 0 (got {margin}); use margin=1.0")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ValueError(
            f"{op}: all three have the same number of axes (got {anchor.shape}, {positive.shape} "
            f"and {negative.shape})"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced(op, (margin + near - far).clamp(min=0), reduction)
