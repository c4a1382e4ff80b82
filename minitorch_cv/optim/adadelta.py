"""Adadelta: steps in the parameters' own units, from running averages of gradients and steps.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    v ← ρ v + (1 − ρ) d²
    Δ ← √(u + ε) / √(v + ε) · d
    u ← ρ u + (1 − ρ) Δ²
    x ← x − η Δ

ε stands under the roots: it is what gets the first steps going, since u starts at zero.

Source: M. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012, algorithm 1
(there η = 1). Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, average_square, descent
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def adadelta_update(
    x: Array,
    g: Array,
    v: Array,
    u: Array,
    work: Work,
    *,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Changes x, v and u in place, leaves g alone."""
    xp = array_module(x)
    delta, room = work
    d = descent(x, g, work, weight_decay, maximize)
    average_square(v, d, rho, room)
    xp.sqrt(xp.divide(xp.add(u, eps, out=room), v + eps, out=room), out=room)
    xp.multiply(room, d, out=delta)
    average_square(u, delta, rho, room)
    xp.subtract(x, xp.multiply(delta, lr, out=room), out=x)


class Adadelta(Optimizer):
    """Adadelta, with weight decay.

    Raises ValueError for a negative or non-finite lr, eps or weight_decay, and for rho outside
    [0, 1].
    """

    kernel = "adadelta"
    kernel_options = ("lr", "rho", "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "rho", "eps", "weight_decay"):
            judge_number("Adadelta", name, group[name])
        if group["rho"] > 1:
            raise ValueError(f"Adadelta: rho must be at most 1 (got {group['rho']})")
        judge_flag("Adadelta", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        self.count(p)
        v, u = self.remember(p, "square_avg", "acc_delta")
        adadelta_update(
            p.array, g, v, u, self.work(p.array), lr=float(group["lr"]), rho=float(group["rho"]),
            eps=float(group["eps"]), weight_decay=float(group["weight_decay"]),
            maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "square_avg", "acc_delta", "step"

    def begins_at_zero(self, group: Group) -> bool:
        return True
