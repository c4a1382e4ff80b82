"""AdamW: Adam whose weight decay shrinks the parameters and stays out of the gradient.

    x ← x − η λ x                       (before the step)
    m ← β₁ m + (1 − β₁) g               (−g where the objective is maximized)
    v ← β₂ v + (1 − β₂) g²
    x ← x − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)

In Adam, λ x is part of the gradient and so divided by √v: weights with large gradients decay
less. Here all decay at the rate η λ. The rule itself is `adam_update(..., decoupled=True)`.

Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .adam import Adam
from .optimizer import Group


class AdamW(Adam):
    """Adam with decoupled weight decay, and AMSGrad.

    Raises as Adam does.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True,
        )  # fmt: skip

    def tidy(self, group: Group) -> None:
        super().tidy(group)
        group["decoupled_weight_decay"] = True  # also where it was Adam's state
