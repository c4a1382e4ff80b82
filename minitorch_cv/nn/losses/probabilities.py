"""Loss layers that compare probabilities, or that are the negative logarithm of one."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .base import Loss, WeightedLoss


class BCELoss(WeightedLoss):
    """The binary cross-entropy of probabilities x. Logarithms are at least −100.

        e = −w (t log x + (1 − t) log(1 − x))
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…) in 0 … 1, target (…) in 0 … 1 → () or, with 'none', (…). weight: broadcast to (…).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.90.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The binary cross-entropy, reduced."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """The binary cross-entropy of sigmoid(x), written so that nothing overflows.

        e = w (v t log(1 + e⁻ˣ) + (1 − t) log(1 + eˣ))
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) in 0 … 1 → () or, with 'none', (…). weight w and pos_weight v, what a
    positive answer counts: broadcast to (…).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.90.
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The binary cross-entropy of logits, reduced."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The mean binary cross-entropy over the classes, each of which may be true or not.

        ℓ_n = −Σ_c w_c (t_{n, c} log σ(x_{n, c}) + (1 − t_{n, c}) log σ(−x_{n, c})) / C
        y = Σ ℓ / N ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C), target (N, C) → () or, with 'none', (N,). weight: (C,).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.90.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The mean over the classes, reduced."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of the target from eˣ; x holds log-probabilities.

        e = t (log t − x),  0 log 0 = 0;   eᵗ (t − x) with log_target
        y = Σ e / N ('batchmean'),  Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (N, …), target (N, …) → () or, with 'none', (N, …).
    Source: S. Kullback, R. Leibler, "On information and sufficiency", 1951, equation 2.4.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """t (log t − x), reduced."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """The negative log-likelihood of counts t under the rate λ = eˣ.

        e = λ − t log λ;   with full and t > 1 also + t log t − t + ½ log 2πt
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) → () or, with 'none', (…).
    log_input=False: λ = x, and the logarithm is that of x + eps.
    Source: P. McCullagh, J. Nelder, "Generalized Linear Models", 1989, section 6.2.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """λ − t log λ, reduced."""
        return F.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """The negative log-likelihood of t under normal distributions with mean x and variance v.

        e = ½ (log v + (x − t)² / v),  v = max(var, eps);   with full also + ½ log 2π
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (N, …), target (N, …), var a number or (N, …), also without the last axis or with one
    axis of size 1 → () or, with 'none', (N, …). eps limits the value of v, not its gradient.
    Source: D. Nix, A. Weigend, "Estimating the mean and variance of the target probability
    distribution", ICNN 1994, equation 2.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:  # noqa: A002
        """½ (log v + (x − t)² / v), reduced."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )
