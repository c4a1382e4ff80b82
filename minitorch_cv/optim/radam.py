"""RAdam: Adam that trusts its running square only once enough gradients stand behind it.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    x ← x − η λ x                       (instead of + λ x, where the decay is decoupled)
    m ← β₁ m + (1 − β₁) d
    v ← β₂ v + (1 − β₂) d²
    ρ_∞ = 2 / (1 − β₂) − 1,   ρ_t = ρ_∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
    r_t = √((ρ_t − 4)(ρ_t − 2) ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2) ρ_t))
    x ← x − η m / (1 − β₁ᵗ) · r_t √(1 − β₂ᵗ) / (√v + ε)      where ρ_t > 5
    x ← x − η m / (1 − β₁ᵗ)                                  elsewhere

ρ_t counts the gradients in effect. The bound 5 (the paper has 4) and the place of ε, added to √v
before the bias correction, are PyTorch's.

Source: L. Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020,
algorithm 2. Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, average, average_square, descent
from .optimizer import Group, Optimizer
from .options import judge_betas, judge_flag, judge_number


def rectification(step: int, beta2: float) -> float | None:
    """r_t; None while ρ_t ≤ 5."""
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return None
    return sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))


def radam_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    work: Work,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """Changes x, m and v in place, leaves g alone.

    step: t, from 1; decoupled: the weight decay shrinks x instead of changing g.
    """
    xp, (beta1, beta2), room = array_module(x), betas, work[1]
    d = descent(x, g, work, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        xp.multiply(x, 1 - lr * weight_decay, out=x)
    average(m, d, beta1, room)
    average_square(v, d, beta2, room)
    r, size = rectification(step, beta2), lr / (1 - beta1**step)
    if r is None:
        xp.multiply(m, size, out=room)
    else:
        xp.divide(m, xp.add(xp.sqrt(v, out=room), eps, out=room), out=room)
        xp.multiply(room, size * r * sqrt(1 - beta2**step), out=room)
    xp.subtract(x, room, out=x)


class RAdam(Optimizer):
    """RAdam, with weight decay, decoupled or not.

    Raises ValueError for a negative or non-finite lr, eps or weight_decay, and for betas outside
    [0, 1).
    """

    kernel = "radam"
    kernel_options = ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay"):
            judge_number("RAdam", name, group[name])
        judge_betas("RAdam", group)
        judge_flag("RAdam", "decoupled_weight_decay", group["decoupled_weight_decay"])
        judge_flag("RAdam", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        step = self.count(p)
        m, v = self.remember(p, "exp_avg", "exp_avg_sq")
        radam_update(
            p.array, g, m, v, self.work(p.array), step=step, lr=float(group["lr"]),
            betas=group["betas"], eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]),
            decoupled=group["decoupled_weight_decay"], maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "exp_avg", "exp_avg_sq", "step"

    def begins_at_zero(self, group: Group) -> bool:
        return True
