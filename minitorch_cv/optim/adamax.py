"""Adamax: Adam with the largest gradient of late in place of the root mean square.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    m ← β₁ m + (1 − β₁) d
    u ← max(β₂ u, |d| + ε)
    x ← x − η / (1 − β₁ᵗ) · m / u

Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2; ε
is PyTorch's. Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, average, descent
from .optimizer import Group, Optimizer
from .options import judge_betas, judge_flag, judge_number


def adamax_update(
    x: Array,
    g: Array,
    m: Array,
    u: Array,
    work: Work,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Changes x, m and u in place, leaves g alone. step: t, from 1."""
    xp, room = array_module(x), work[1]
    d = descent(x, g, work, weight_decay, maximize)
    average(m, d, betas[0], room)
    xp.add(xp.abs(d, out=room), eps, out=room)
    xp.maximum(xp.multiply(u, betas[1], out=u), room, out=u)
    xp.multiply(xp.divide(m, u, out=room), lr / (1 - betas[0] ** step), out=room)
    xp.subtract(x, room, out=x)


class Adamax(Optimizer):
    """Adamax, with weight decay.

    Raises ValueError for a negative or non-finite lr, eps or weight_decay, and for betas outside
    [0, 1).
    """

    kernel = "adamax"
    kernel_options = ("lr", "betas", "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay"):
            judge_number("Adamax", name, group[name])
        judge_betas("Adamax", group)
        judge_flag("Adamax", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        step = self.count(p)
        m, u = self.remember(p, "exp_avg", "exp_inf")
        adamax_update(
            p.array, g, m, u, self.work(p.array), step=step, lr=float(group["lr"]),
            betas=group["betas"], eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]), maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "exp_avg", "exp_inf", "step"

    def begins_at_zero(self, group: Group) -> bool:
        return True
