"""Stochastic depth: while training, a residual branch is left out at random.

Source: G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, "Deep networks with stochastic depth",
ECCV 2016, section 3. What differs: a branch that stays is divided by its chance of staying, so that
nothing has to be scaled at test time (the paper multiplies it there).
"""

from __future__ import annotations

from ... import nn
from ...autograd.creation import rand
from ...autograd.tensor import Tensor


def stochastic_depth(
    input: Tensor,  # noqa: A002
    p: float,
    mode: str,
    training: bool = True,
) -> Tensor:
    """A branch, or zeros with chance p; what stays is divided by 1 - p.

    mode: "batch" draws once for the whole batch, "row" once for each example.
    Raises ValueError for p outside 0 … 1 and another mode.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"stochastic_depth: p is a chance between 0 and 1 (got {p})")
    if mode not in ("batch", "row"):
        raise ValueError(f'stochastic_depth: mode is "batch" or "row" (got {mode!r})')
    if not training or p == 0:
        return input
    rows = input.shape[0] if mode == "row" else 1
    draw = rand(rows, *[1] * (input.ndim - 1), device=input.device)
    stays = (draw >= p).to(input.dtype)
    return input * (stays if p == 1 else stays / (1 - p))


class StochasticDepth(nn.Module):
    """Leaves its input out with chance p while training; in evaluation mode the identity.

        y = b x / (1 - p), b = 1 with chance 1 - p, else 0

    mode: "batch" draws b once for the whole batch, "row" once for each example.
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The branch, or zeros."""
        return stochastic_depth(input, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"
