"""Loss layers for class scores whose target is the number of the true class."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..modules.linear import Linear
from .base import WeightedLoss


class NLLLoss(WeightedLoss):
    """The negative log-likelihood of the true classes; x holds log-probabilities.

        ℓ_n = −w_{t_n} x_{n, t_n},  0 where t_n = ignore_index
        y = Σ_n ℓ_n / Σ_n w_{t_n} ('mean'),  Σ_n ℓ_n ('sum'),  ℓ ('none')

    Shapes: (N, C, d1, …), target (N, d1, …) int64 → () or, with 'none', (N, d1, …); also (C,)
    with target (). weight: (C,).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """−w x[target], reduced."""
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class NLLLoss2d(NLLLoss):
    """NLLLoss under its old name for images.

        ℓ_{n, i, j} = −w_t x_{n, t, i, j},  t = t_{n, i, j};  0 where t = ignore_index
        y = Σ ℓ / Σ w_t ('mean'),  Σ ℓ ('sum'),  ℓ ('none')

    Shapes: (N, C, H, W), target (N, H, W) int64 → () or, with 'none', (N, H, W).
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn("NLLLoss2d: an old name; use NLLLoss", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(WeightedLoss):
    """How badly the scores x, turned into probabilities by softmax, predict the target.

        ℓ_n = −Σ_k s_{n, k} log softmax(x_n)_k,  0 where t_n = ignore_index
        s_{n, k} = w_k ((1 − ε) [k = t_n] + ε / C)
        y = Σ_n ℓ_n / Σ_n w_{t_n} ('mean'),  Σ_n ℓ_n ('sum'),  ℓ ('none')

    Shapes: (N, C, d1, …), target (N, d1, …) int64, or (N, C, d1, …) probabilities, which take
    the place of [k = t_n] → () or, with 'none', (N, d1, …); also (C,) with target () or (C,).
    weight: (C,). label_smoothing: ε. With probabilities the mean divides by the positions.
    Source: C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
    CVPR 2016, section 7.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """−Σ s log softmax(x), reduced."""
        return F.cross_entropy(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )  # fmt: skip


class LinearCrossEntropyLoss(WeightedLoss):
    """A last linear layer and CrossEntropyLoss in one.

        y = CrossEntropyLoss(W x + b, t)

    Shapes: (N, in_features), target (N,) int64 or (N, num_classes) probabilities → (); with
    out_features (d1, …) the scores are (N, num_classes, d1, …).
    bias: False leaves out b. options: PyTorch's choices of chunks; only None.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: None = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise ValueError(
                f"LinearCrossEntropyLoss: weight is ({num_classes},) (got {weight.shape})"
            )
        if label_smoothing < 0 or label_smoothing > 1:
            raise ValueError(
                f"LinearCrossEntropyLoss: label_smoothing is 0 … 1 (got {label_smoothing})"
            )
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.options = options
        outputs = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002
        """The cross-entropy of W x + b, reduced."""
        sizes = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input, self.linear.weight.reshape(*sizes, self.linear.in_features), target,
            linear_bias=None if bias is None else bias.reshape(sizes), weight=self.weight,
            reduction=self.reduction, ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing, options=self.options,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
