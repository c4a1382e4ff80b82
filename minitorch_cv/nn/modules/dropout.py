"""`Dropout` and `Dropout2d` (Srivastava et al. 2014)."""

from __future__ import annotations

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class Dropout(Module):
    """While training, sets each element to 0 with probability p and divides the others by 1 − p.

    In evaluation it returns its input. Raises ValueError for a p outside [0, 1].
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is a probability between 0 and 1 (got {p})")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout2d(Dropout):
    """Like `Dropout`, for whole channels of (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with some channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)
