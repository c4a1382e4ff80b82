"""Loss layers for classes of very different size: overlap (Dice) and focal loss."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class DiceLoss(Module):
    """One minus the overlap of probabilities p with the target, for each image and class.

        ℓ_{n, c} = 1 − (2 Σ p t + smooth) / (Σ p + Σ t + smooth)     (sums over the pixels)
        y = Σ ℓ / (N C) ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C, …), target of the same shape or class numbers (N, …) int64 → () or, with 'none',
    (N, C). squared: Σ p² + Σ t² below the bar. activation: "softmax" or "sigmoid" makes logits
    probabilities. over_batch: sums over the batch, too → (C,).
    Source: F. Milletari, N. Navab, S. Ahmadi, "V-Net: Fully convolutional neural networks for
    volumetric medical image segmentation", 3DV 2016, section 3 (with squared=True, smooth=0).
    """

    def __init__(
        self,
        smooth: float = 1.0,
        squared: bool = False,
        activation: str = "none",
        over_batch: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.smooth = smooth
        self.squared = squared
        self.activation = activation
        self.over_batch = over_batch
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """One minus the overlap, reduced."""
        return F.dice_loss(
            input, target, self.smooth, self.squared, self.activation, self.over_batch,
            self.reduction,
        )  # fmt: skip


class FocalLoss(Module):
    """The cross-entropy, in which easy examples count little.

        e = α_t (1 − p_t)^γ · (−log p_t)
        y = Σ e / n ('mean'),  Σ e ('sum'),  e ('none')

    Shapes: (…), target (…) of 0 and 1 → () or, with 'none', (…); p_t is sigmoid(x) where t = 1 and
    1 − sigmoid(x) where t = 0, α_t is alpha (0.25; −1: none) and 1 − alpha. With softmax=True
    (N, C, …), target (N, …) int64 → () or (N, …); p_t is softmax(x)_t, alpha None or (C,).
    Source: T. Lin et al., "Focal loss for dense object detection", ICCV 2017, section 3.
    """

    alpha: Any

    def __init__(
        self,
        alpha: Any = None,
        gamma: float = 2.0,
        reduction: str = "mean",
        softmax: bool = False,
        ignore_index: int = -100,
    ) -> None:
        super().__init__()
        if softmax:
            self.register_buffer("alpha", alpha)
        else:
            self.alpha = 0.25 if alpha is None else alpha
        self.gamma = gamma
        self.reduction = reduction
        self.softmax = softmax
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The focal loss, reduced."""
        if self.softmax:
            return F.softmax_focal_loss(
                input, target, self.alpha, self.gamma, self.ignore_index, self.reduction
            )
        return F.sigmoid_focal_loss(input, target, self.alpha, self.gamma, self.reduction)
