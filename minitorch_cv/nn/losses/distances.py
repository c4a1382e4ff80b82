"""Loss layers that measure a distance between x and the target, element by element."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .base import Loss


class MSELoss(Loss):
    """The squared error.

        e = (x − t)²
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    Source: C. Gauss, "Theoria motus", 1809, book 2, section 3.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """(x − t)², reduced."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """The absolute error; the slope at x = t is 0.

        e = |x − t|
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    Source: S. Boyd, L. Vandenberghe, "Convex Optimization", 2004, section 6.1.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """|x − t|, reduced."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """The squared error for small errors, the absolute error for large ones.

        e = d² / 2β where d = |x − t| < β,  d − β/2 elsewhere
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    beta: where the two meet; 0 gives L1Loss.
    Source: R. Girshick, "Fast R-CNN", ICCV 2015, equation 3.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The smooth absolute error, reduced."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """The squared error for small errors, δ times the absolute error for large ones.

        e = d² / 2 where d = |x − t| ≤ δ,  δ (d − δ/2) elsewhere
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    Source: P. Huber, "Robust estimation of a location parameter", Annals of Mathematical
    Statistics, 1964, section 2.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"HuberLoss: delta is a number (got {delta!r}); use delta=1.0")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """Huber's error, reduced."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)
