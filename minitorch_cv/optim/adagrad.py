"""Adagrad: each parameter's steps shrink with the squared gradients that it has seen.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    s ← s + d²
    x ← x − η / (1 + (t − 1) δ) · d / (√s + ε)

η lr, δ lr_decay, λ weight_decay; t counts the steps from 1; s starts at initial_accumulator_value.

Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and
stochastic optimization", JMLR 12, 2011, figure 1 (diagonal). Verified by PyTorch's parameters
over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, descent
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def adagrad_update(
    x: Array,
    g: Array,
    s: Array,
    work: Work,
    *,
    step: int,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    maximize: bool,
) -> None:
    """Changes x and s in place, leaves g alone. step: t, from 1."""
    xp, room = array_module(x), work[1]
    d = descent(x, g, work, weight_decay, maximize)
    xp.add(s, xp.multiply(d, d, out=room), out=s)
    xp.add(xp.sqrt(s, out=room), eps, out=room)
    xp.multiply(xp.divide(d, room, out=room), lr / (1 + (step - 1) * lr_decay), out=room)
    xp.subtract(x, room, out=x)


class Adagrad(Optimizer):
    """Adagrad, with weight decay and a learning rate that may fall over time.

    Raises ValueError for a negative or non-finite lr, lr_decay, weight_decay, eps or
    initial_accumulator_value.
    """

    kernel = "adagrad"
    kernel_options = ("lr", "lr_decay", "weight_decay", "eps", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:  # as in PyTorch, the state is there before the first step
            for p in group["params"]:
                self._remembered(p)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            judge_number("Adagrad", name, group[name])
        judge_flag("Adagrad", "maximize", group["maximize"])

    def _remembered(self, p: Tensor) -> Array:
        self.remember_number(p, "step", 0.0)
        return self.remember(p, "sum", fill=float(self.defaults["initial_accumulator_value"]))[0]

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        s = self._remembered(p)
        adagrad_update(
            p.array, g, s, self.work(p.array), step=self.count(p), lr=float(group["lr"]),
            lr_decay=float(group["lr_decay"]), weight_decay=float(group["weight_decay"]),
            eps=float(group["eps"]), maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "sum", "step"
