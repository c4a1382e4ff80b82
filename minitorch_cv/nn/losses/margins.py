"""Loss layers that ask for a margin: nothing to pay where the right answer is ahead by enough."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module
from .base import Loss, WeightedLoss


class SoftMarginLoss(Loss):
    """The logistic loss of two classes, t = 1 and t = −1.

        e = log(1 + e^−tx)
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, section 7.1.2.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """log(1 + e^−tx), reduced."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """Pulls distances x of like pairs to 0, and pushes those of unlike pairs beyond a margin.

        e = x where t = 1,  max(0, margin − x) where t = −1
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) of 1 and −1 → () or, with 'none', (…).
    Source: R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant
    mapping", CVPR 2006, section 2.1 (there with squares).
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """x or max(0, margin − x), reduced."""
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class _OfPairs(Loss):
    """Losses of two inputs that are to be a margin apart."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MarginRankingLoss(_OfPairs):
    """Wants x₁ above x₂ by a margin where t = 1, and below where t = −1.

        e = max(0, margin − t (x₁ − x₂))
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: x₁ (…), x₂ (…), target (…) → () or, with 'none', (…).
    Source: R. Herbrich, T. Graepel, K. Obermayer, "Large margin rank boundaries for ordinal
    regression", 2000, section 7.4.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """max(0, margin − t (x₁ − x₂)), reduced."""
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_OfPairs):
    """Turns vectors of like pairs (t = 1) towards each other, of unlike ones (−1) away.

        e = 1 − cos(x₁, x₂) where t = 1,  max(0, cos(x₁, x₂) − margin) where t = −1
        cos(a, b) = a·b / √((a·a + 10⁻¹²) (b·b + 10⁻¹²))
        y = Σ e / N ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: x₁, x₂ (N, D), target (N,) → () or, with 'none', (N,); also (D,) with target ().
    Source: S. Chopra, R. Hadsell, Y. LeCun, "Learning a similarity metric discriminatively",
    CVPR 2005, section 2 (there with another distance).
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """1 − cos or max(0, cos − margin), reduced."""
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


class MultiMarginLoss(WeightedLoss):
    """The hinge loss of many classes, divided by their number; the slope at 0 is 0.

        ℓ_n = w_t Σ_{j ≠ t} max(0, margin − x_{n, t} + x_{n, j})ᵖ / C,  t = t_n
        y = Σ ℓ / N ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C), target (N,) int64 → () or, with 'none', (N,); also (C,) with target ().
    p: 1 or 2. weight: (C,).
    Source: J. Weston, C. Watkins, "Support vector machines for multi-class pattern recognition",
    ESANN 1999, equation 2.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is 1 or 2 (got {p}); use p=1")
        if weight is not None and weight.ndim != 1:
            raise ValueError(f"MultiMarginLoss: weight is (C,) (got {weight.shape})")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The sum over the wrong classes, reduced."""
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class MultiClassHingeLoss(Module):
    """The loss of a linear support vector machine with many classes; the slope at 0 is 0.

        ℓ_n = Σ_{j ≠ t} max(0, s_{n, j} − s_{n, t} + margin),  t = t_n
        y = Σ ℓ / N ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C), target (N,) int64 → () or, with 'none', (N,); also (C,) with target ().
    Unlike MultiMarginLoss it does not divide by C.
    Source: J. Weston, C. Watkins, "Support vector machines for multi-class pattern recognition",
    ESANN 1999, equation 2.
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The sum over the wrong classes, reduced."""
        return F.multi_class_hinge_loss(input, target, self.margin, self.reduction)


class MultiLabelMarginLoss(Loss):
    """The hinge loss between each true class and each other one; the slope at 0 is 0.

        ℓ_n = Σ_{j ∈ T_n} Σ_{k ∉ T_n} max(0, 1 − x_{n, j} + x_{n, k}) / C
        y = Σ ℓ / N ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C), target (N, C) int64 → () or, with 'none', (N,); also (C,).
    T_n: the labels in row n of the target, up to the first −1.
    Source: K. Crammer, Y. Singer, "A family of additive online algorithms for category ranking",
    2003, section 4.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The sum over the pairs of classes, reduced."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)
