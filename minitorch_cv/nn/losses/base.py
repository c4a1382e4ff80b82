"""What all loss layers share: the reduction, and weights kept as buffers."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from ..core.module import Module
from ..functional.loss.reducing import resolve_reduction


class Loss(Module):
    """reduction: "mean", "sum" or "none" (size_average and reduce are PyTorch's older names)."""

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = reduction
        if size_average is not None or reduce is not None:
            self.reduction = resolve_reduction(size_average, reduce, reduction)


class WeightedLoss(Loss):
    """weight: a buffer, of the shape that the loss asks for."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
