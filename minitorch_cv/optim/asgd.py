"""ASGD: gradient descent that also averages the parameters along its way.

    d ← g + w x                         (weight decay; −g where the objective is maximized)
    x ← (1 − λ η_t) x − η_t d
    a ← a + μ_t (x − a)
    η_{t+1} = η / (1 + λ η t)^α,   μ_{t+1} = 1 / max(1, t − t₀)

η lr, λ lambd, w weight_decay; η_1 = η, μ_1 = 1. The average a, "ax" in the state, follows x until
step t₀ + 1. η_t and μ_t are kept in the precision of "step", as in PyTorch.

Source: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J.
Control Optim. 30(4), 1992; the schedule: L. Bottou, "Large-scale machine learning with stochastic
gradient descent", COMPSTAT 2010, section 5. Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, descent
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def asgd_update(
    x: Array,
    g: Array,
    a: Array,
    work: Work,
    *,
    eta: float,
    mu: float,
    lambd: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Changes x and the average a in place, leaves g alone. eta, mu: η_t, μ_t."""
    xp, room = array_module(x), work[1]
    d = descent(x, g, work, weight_decay, maximize)
    xp.multiply(d, eta, out=room)
    xp.subtract(xp.multiply(x, 1 - lambd * eta, out=x), room, out=x)
    if mu == 1:
        a[...] = x
    else:
        xp.add(a, xp.multiply(xp.subtract(x, a, out=room), mu, out=room), out=a)


class ASGD(Optimizer):
    """Averaged stochastic gradient descent, with weight decay.

    The averages are `optimizer.state[p]["ax"]`.
    Raises ValueError for a negative or non-finite lr or weight_decay, and for a non-finite lambd,
    alpha or t0.
    """

    scalars = ("eta", "mu")
    kernel = "asgd"
    kernel_options = ("lr", "lambd", "alpha", "t0", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "weight_decay"):
            judge_number("ASGD", name, group[name])
        for name in ("lambd", "alpha", "t0"):
            judge_number("ASGD", name, group[name], low=-float("inf"))
        judge_flag("ASGD", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        step, lr, lambd = self.count(p), float(group["lr"]), float(group["lambd"])
        eta = self.remember_number(p, "eta", lr)
        mu = self.remember_number(p, "mu", 1.0)
        (a,) = self.remember(p, "ax")
        asgd_update(
            p.array, g, a, self.work(p.array), eta=float(eta), mu=float(mu), lambd=lambd,
            weight_decay=float(group["weight_decay"]), maximize=group["maximize"],
        )  # fmt: skip
        precision = self.remember_number(p, "step", 0.0).dtype.type
        eta[...] = precision(lr / (1 + lambd * lr * step) ** float(group["alpha"]))
        mu[...] = precision(1 / max(1.0, step - float(group["t0"])))

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "ax", "step", "eta", "mu"
