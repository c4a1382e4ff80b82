"""Loss layers of triplets: an anchor is to be nearer to a positive example than to a negative."""

from __future__ import annotations

from collections.abc import Callable

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..modules.distance import PairwiseDistance
from .base import Loss


class TripletMarginLoss(Loss):
    """The anchor is to be nearer to the positive than to the negative by a margin.

        e = max(0, ‖a − p‖ − ‖a − n‖ + margin)
        y = Σ e / N ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: a, p, n (N, D) or (D,) → () or, with 'none', (N,).
    p: the norm; eps is added to each difference. swap: ‖p − n‖ where it is below ‖a − n‖.
    Source: V. Balntas et al., "Learning local feature descriptors with triplets and shallow
    convolutional neural networks", BMVC 2016, section 3.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin is above 0 (got {margin})")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """max(0, ‖a − p‖ − ‖a − n‖ + margin), reduced."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(Loss):
    """TripletMarginLoss with a distance of one's own.

        e = max(0, d(a, p) − d(a, n) + margin)
        y = Σ e / N ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: a, p, n (N, …) → () or, with 'none', the shape of d.
    distance_function: d(x, y); PairwiseDistance() without one. swap: d(p, n) where it is smaller.
    Source: V. Balntas et al., "Learning local feature descriptors with triplets and shallow
    convolutional neural networks", BMVC 2016, section 3.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: margin is above 0 (got {margin})")
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """max(0, d(a, p) − d(a, n) + margin), reduced."""
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip
