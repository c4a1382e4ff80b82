"""NAdam: Adam with Nesterov's momentum, which looks one step ahead.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    x ← x − η λ x                       (instead of + λ x, where the decay is decoupled)
    μ_t = β₁ (1 − ½ · 0.96^(t ψ))
    m ← β₁ m + (1 − β₁) d
    v ← β₂ v + (1 − β₂) d²
    x ← x − η ((1 − μ_t) / (1 − Π) d + μ_{t+1} / (1 − Π μ_{t+1}) m) / (√(v / (1 − β₂ᵗ)) + ε)

ψ momentum_decay; Π = μ_1 μ_2 … μ_t, kept with each parameter in the precision of "step".

Source: T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop, algorithm 2.
Verified by PyTorch's parameters over 50 steps.
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


def nadam_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    work: Work,
    *,
    step: int,
    mus: tuple[float, float],
    product: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """Changes x, m and v in place, leaves g alone.

    step: t, from 1; mus: μ_t and μ_{t+1}; product: Π; decoupled: weight decay shrinks x instead.
    """
    xp, room = array_module(x), work[1]
    d = descent(x, g, work, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        xp.multiply(x, 1 - lr * weight_decay, out=x)
    average(m, d, betas[0], room)
    average_square(v, d, betas[1], room)
    mixed = xp.multiply(d, lr * (1 - mus[0]) / (1 - product), out=work[0])
    xp.add(mixed, xp.multiply(m, lr * mus[1] / (1 - product * mus[1]), out=room), out=mixed)
    xp.divide(xp.sqrt(v, out=room), sqrt(1 - betas[1] ** step), out=room)
    xp.subtract(x, xp.divide(mixed, xp.add(room, eps, out=room), out=room), out=x)


class NAdam(Optimizer):
    """NAdam, with weight decay, decoupled or not.

    Raises ValueError for a negative or non-finite lr, eps, weight_decay or momentum_decay, and for
    betas outside [0, 1).
    """

    scalars = ("mu_product",)
    kernel = "nadam"
    kernel_options = (
        "lr", "betas", "eps", "weight_decay",
        "decoupled_weight_decay", "maximize", "momentum_decay",
    )  # fmt: skip

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay", "momentum_decay"):
            judge_number("NAdam", name, group[name])
        judge_betas("NAdam", group)
        judge_flag("NAdam", "decoupled_weight_decay", group["decoupled_weight_decay"])
        judge_flag("NAdam", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        step, beta1, psi = self.count(p), group["betas"][0], float(group["momentum_decay"])
        product = self.remember_number(p, "mu_product", 1.0)
        m, v = self.remember(p, "exp_avg", "exp_avg_sq")
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * psi)) for t in (step, step + 1))
        product *= product.dtype.type(mu)
        nadam_update(
            p.array, g, m, v, self.work(p.array), step=step, mus=(mu, mu_next),
            product=float(product), lr=float(group["lr"]), betas=group["betas"],
            eps=float(group["eps"]), weight_decay=float(group["weight_decay"]),
            decoupled=group["decoupled_weight_decay"], maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "exp_avg", "exp_avg_sq", "step", "mu_product"
