"""LeNet-5 as it was published: scaled tanh, trainable sub-sampling, sparse C3, RBF output.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998), section II.B, figure 2, table I, appendix A.

What differs from the paper: the scores are minus the distances of the RBF units, so that the
largest wins and nn.CrossEntropyLoss of them is equation 9 without its constant; the 7 × 12 drawings
of the ten digits are ours, in the manner of figure 3; weights are uniform in ±2.4 / fan-in, as
appendix A says, from our own generator.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn
from ...autograd.creation import empty
from ...autograd.joining import cat
from ...autograd.tensor import Tensor, tensor
from ...nn import functional as F  # noqa: N812
from ..published import Published
from ..weights import started

PUBLISHED = {
    "lenet_1998": Published(
        7, 60000, 325680, (1, 32, 32), "LeCun et al. 1998",
        "the paper, section III.B", 0.95, data="MNIST",
    ),
}  # fmt: skip
# Table I: the maps of S2 that each map of C3 sees.
C3_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
# Twelve rows of seven pixels for each digit, written as one number in 0 … 127.
_DRAWN = (
    (0, 28, 34, 65, 65, 65, 65, 65, 65, 34, 28, 0),
    (0, 8, 24, 40, 8, 8, 8, 8, 8, 8, 62, 0),
    (0, 28, 34, 65, 1, 2, 4, 8, 16, 32, 127, 0),
    (0, 62, 65, 1, 1, 30, 1, 1, 1, 65, 62, 0),
    (0, 2, 6, 10, 18, 34, 66, 127, 2, 2, 2, 0),
    (0, 127, 64, 64, 64, 124, 2, 1, 1, 66, 60, 0),
    (0, 30, 32, 64, 64, 124, 66, 65, 65, 34, 28, 0),
    (0, 127, 1, 2, 2, 4, 8, 8, 16, 16, 16, 0),
    (0, 62, 65, 65, 65, 62, 65, 65, 65, 65, 62, 0),
    (0, 28, 34, 65, 65, 33, 31, 1, 1, 2, 60, 0),
)


def squash(x: Tensor) -> Tensor:
    """1.7159 tanh(2 x / 3), which is ±1 at ±1 and bends most there (appendix A)."""
    return 1.7159 * (x * (2 / 3)).tanh()


class SubSampling(nn.Module):
    """Sums of 2 × 2 pixels, times a trained number, plus another, for each map.

    y = weight · Σ x + bias
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(empty(channels, 1, 1))
        self.bias = nn.Parameter(empty(channels, 1, 1))
        nn.init.uniform_(self.weight, -0.6, 0.6)  # 2.4 / 4 inputs
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) → (N, channels, H / 2, W / 2)."""
        return 4 * F.avg_pool2d(x, 2) * self.weight + self.bias


class SparseConv2d(nn.Module):
    """A convolution each of whose maps sees some of the input's maps only.

    table: for each output map, the input maps that it sees. `maps` holds one convolution for each.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel_size: int) -> None:
        super().__init__()
        self.table = table
        self.maps = nn.ModuleList(nn.Conv2d(len(seen), 1, kernel_size) for seen in table)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, len(table), H - kernel_size + 1, W - kernel_size + 1)."""
        maps = [
            conv(x[:, list(seen)]) for conv, seen in zip(self.maps, self.table, strict=True)
        ]  # each (N, 1, OH, OW)
        return cat(maps, 1)


class RBFOutput(nn.Module):
    """Squared distances to the drawing of each class.

        y_k = Σ_i (x_i - codes_ki)²

    codes (10, 84): -1 and 1, the 12 × 7 pixels of ten drawn digits. They are not trained.
    """

    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        bits = [[[row >> (6 - k) & 1 for k in range(7)] for row in rows] for rows in _DRAWN]
        codes = np.array(bits, np.float32).reshape(len(_DRAWN), 84) * 2 - 1
        self.register_buffer("codes", tensor(codes))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 84) → (N, 10)."""
        return ((x.unsqueeze(1) - self.codes) ** 2).sum(2)


class LeNet1998(nn.Module):
    """LeNet-5 with its 60 000 trained parameters, for the ten digits.

        x (N, 1, 32, 32) → c1 5×5 (N, 6, 28, 28) → s2 (N, 6, 14, 14) → c3 sparse 5×5 (N, 16, 10, 10)
        → s4 (N, 16, 5, 5) → c5 5×5 (N, 120, 1, 1) → f6 (N, 84) → output: minus the distances

    The scaled tanh follows s2, s4, c5 and f6. Images are about -0.1 for white and 1.175 for black.
    """

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = SubSampling(6)
        self.c3 = SparseConv2d(C3_TABLE, 5)
        self.s4 = SubSampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = RBFOutput()
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                bound = 2.4 / (module.weight.numel() / module.weight.shape[0])
                nn.init.uniform_(module.weight, -bound, bound)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, 10), none above 0, of images (N, 1, 32, 32)."""
        x = squash(self.s2(self.c1(x)))  # (N, 6, 14, 14)
        x = squash(self.s4(self.c3(x)))  # (N, 16, 5, 5)
        x = squash(self.c5(x)).flatten(1)  # (N, 120)
        return -self.output(squash(self.f6(x)))


def lenet_1998(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> LeNet1998:
    """LeNet-5 as it was published."""
    return started(LeNet1998(**kwargs), weights)
