"""Layers that measure distances and similarities of vectors."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class PairwiseDistance(Module):
    """The distance of two vectors in the norm p.

        y = (Σ_d |x₁_d − x₂_d + eps|ᵖ)^(1/p)

    Shapes: x₁, x₂ (…, D) → (…), or (…, 1) with keepdim; the two are broadcast.
    p: inf is the largest |…|, 0 counts what is not 0. Where y is 0, so is the gradient.
    Source: G. Golub, C. Van Loan, "Matrix Computations", 2013, section 2.2.
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """‖x₁ − x₂ + eps‖ₚ."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between two vectors.

        y = Σ_d x₁_d x₂_d / (max(‖x₁‖, eps) max(‖x₂‖, eps))

    Shapes: x₁, x₂ (…, D, …) → (…, …), without the axis dim; the two are broadcast.
    eps limits the value of a norm, not its gradient.
    Source: G. Salton, A. Wong, C. Yang, "A vector space model for automatic indexing", 1975.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """cos(x₁, x₂)."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
