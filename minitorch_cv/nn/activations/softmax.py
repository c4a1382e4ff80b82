"""Softmax layers: scores along one axis as probabilities; and softmax over very many classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd.creation import zeros
from ...autograd.joining import cat
from ...autograd.tensor import Tensor, tensor
from ...backend.device import to_numpy
from .. import functional as F  # noqa: N812
from ..core.container import ModuleList, Sequential
from ..core.module import Module
from ..modules.linear import Linear


class Softmax(Module):
    """Scores as probabilities that sum to 1 along dim.

        y_k = e^(x_k) / Σ_j e^(x_j)

    Shapes: (…) → (…). Without dim one is guessed, with a warning.
    Source: J. Bridle, "Probabilistic interpretation of feedforward classification network outputs,
    with relationships to statistical pattern recognition", 1990.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Probabilities along dim."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Softmax):
    """Probabilities along dim, the largest for the smallest score.

        y_k = e^(−x_k) / Σ_j e^(−x_j)

    Shapes: (…) → (…). Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016,
    section 6.2.2.3 (softmax of −x).
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Probabilities along dim, the largest for the smallest score."""
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(Softmax):
    """The logarithms of softmax, accurate also for tiny probabilities.

        y_k = x_k − log Σ_j e^(x_j)

    Shapes: (…) → (…).
    Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning", 2016, section 6.2.2.3.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Log-probabilities along dim."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels at every place of an image.

        y_c = e^(x_c) / Σ_k e^(x_k)

    Shapes: (N, C, H, W) → (N, C, H, W), or (C, H, W) → (C, H, W). Source: J. Long, E. Shelhamer,
    T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015, section 4.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Probabilities over the channels. Raises ValueError unless the input is 3-d or 4-d."""
        if isinstance(input, Tensor) and input.ndim not in (3, 4):
            raise ValueError(
                f"Softmax2d: input is (N, C, H, W) or (C, H, W) (got shape {input.shape})"
            )
        return F.softmax(input, -3, _stacklevel=5)


class ASMoutput(NamedTuple):
    """The answer: the log-probability of each example's class, and their mean, negated."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of many classes: frequent ones by themselves, rare ones in clusters.

        log p(c | x) = log p_head(c | x)                               for c < cutoffs[0]
        log p(c | x) = log p_head(cluster | x) + log p_tail(c | x)     for the others
        loss = −(1/N) Σ_n log p(target_n | x_n)

    Shapes: input (N, in_features), target (N,) → output (N,), loss (); without N one example.
    cutoffs: where the clusters begin, increasing; classes are sorted by frequency. Cluster i has
    in_features / div_value^(i + 1) features. head_bias: the head has a bias.
    Source: E. Grave, A. Joulin, M. Cissé, D. Grangier, H. Jégou, "Efficient softmax approximation
    for GPUs", ICML 2017, section 4.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        borders = list(cutoffs)
        whole = all(int(border) == border for border in borders)
        if not borders or not whole or sorted({*borders, 0, n_classes}) != [0, *borders, n_classes]:
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: cutoffs are increasing integers between 1 and "
                f"n_classes − 1 (got {borders} and n_classes={n_classes}); use e.g. [10, 100]"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*borders, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        options = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, head_bias, **options)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // div_value ** (i + 1))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, False, **options),
                    Linear(hidden, classes, False, **options),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in (self.head, *(linear for cluster in self.tail for linear in cluster)):
            module.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        """(log-probability of each target, loss). Raises ValueError for targets out of range."""
        self._judge(input_, target_)
        single = target_.ndim == 0
        x = input_.unsqueeze(0) if single else input_
        target = to_numpy(target_.array).reshape(-1)
        cluster = np.searchsorted(self.cutoffs, target, side="right")  # 0: the shortlist
        head = F.log_softmax(self.head(x), 1)
        column = np.where(cluster == 0, target, self.shortlist_size + cluster - 1)
        y = _picked(head, np.arange(len(target)), column)
        parts, order = [], []
        for i in range(self.n_clusters):
            rows = np.flatnonzero(cluster == i + 1)
            if len(rows):
                scores = F.log_softmax(self.tail[i](x[_index(rows, x)]), 1)
                inside = target[rows] - self.cutoffs[i]
                parts.append(_picked(scores, np.arange(len(rows)), inside))
                order.append(rows)
        rest = np.flatnonzero(cluster == 0)
        if parts:
            parts.append(zeros(len(rest), dtype=y.dtype, device=y.device))
            back = np.argsort(np.concatenate([*order, rest]))
            y = y + cat(parts)[_index(back, x)]
        loss = (-y).mean()
        return ASMoutput(y.squeeze(0) if single else y, loss)

    def _judge(self, x: Tensor, target: Tensor) -> None:
        name = "AdaptiveLogSoftmaxWithLoss"
        if target.ndim > 1 or x.ndim != target.ndim + 1 or x.shape[:-1] != target.shape:
            raise ValueError(
                f"{name}: input is (N, in_features) and target (N,), or one of each (got shapes "
                f"{x.shape} and {target.shape})"
            )
        numbers = to_numpy(target.array)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < self.n_classes):
            raise ValueError(
                f"{name}: targets are in 0 … {self.n_classes - 1} (got {numbers.min()} … "
                f"{numbers.max()})"
            )

    def log_prob(self, input: Tensor) -> Tensor:  # noqa: A002
        """The log-probabilities of all classes: (N, in_features) → (N, n_classes)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            column = self.shortlist_size + i
            parts.append(F.log_softmax(cluster(input), 1) + head[:, column : column + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:  # noqa: A002
        """The most probable class of each example: (N, in_features) → (N,)."""
        head = self.head(input)
        best = head.argmax(1)
        rare = np.flatnonzero(to_numpy(best.array) >= self.shortlist_size)
        if len(rare) == 0:
            return best
        where = _index(rare, input)
        best[where] = self.log_prob(input[where]).argmax(1)
        return best


def _index(rows: np.ndarray, model: Tensor) -> Tensor:
    """Row numbers as a Tensor on the device of `model`."""
    return tensor(rows.astype(np.int64), device=model.device)


def _picked(scores: Tensor, rows: np.ndarray, columns: np.ndarray) -> Tensor:
    """scores[rows, columns], one number for each row."""
    return scores[_index(rows, scores), _index(columns, scores)]
