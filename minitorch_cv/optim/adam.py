"""Adam: steps scaled by running estimates of the gradient's mean and of its square.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    m ← β₁ m + (1 − β₁) d
    v ← β₂ v + (1 − β₂) d²
    x ← x − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)

t counts the steps from 1; the two divisions by 1 − βᵗ undo the bias of starting from zeros. amsgrad
divides by the largest v so far instead of by v.

Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1;
S. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018, algorithm 2
(amsgrad). ε is added after the bias correction, as in PyTorch. Verified by PyTorch's parameters
over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def adam_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    v_max: Array | None,
    work: tuple[Array, Array],
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Changes x, m, v and v_max (None without amsgrad) in place, leaves g alone.

    step: t, from 1; work: two arrays like x to compute in.
    """
    xp = array_module(x)
    (beta1, beta2), d, t = betas, g, work[1]
    if maximize:
        d = xp.negative(g, out=work[0])
    if weight_decay:
        d = xp.add(d, xp.multiply(x, weight_decay, out=t), out=work[0])
    xp.multiply(xp.subtract(d, m, out=t), 1 - beta1, out=t)
    xp.add(m, t, out=m)  # m + (1 − β₁)(d − m)
    xp.multiply(xp.multiply(d, d, out=t), 1 - beta2, out=t)
    xp.add(xp.multiply(v, beta2, out=v), t, out=v)
    if v_max is not None:
        xp.maximum(v_max, v, out=v_max)
    xp.sqrt(v if v_max is None else v_max, out=t)
    xp.add(xp.divide(t, sqrt(1 - beta2**step), out=t), eps, out=t)
    xp.multiply(xp.divide(m, t, out=t), lr / (1 - beta1**step), out=t)
    xp.subtract(x, t, out=x)


class Adam(Optimizer):
    """Adam, with weight decay added to the gradient and AMSGrad.

    Raises ValueError for a negative or non-finite lr, eps or weight_decay, and for betas outside
    [0, 1).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay"):
            judge_number("Adam", name, group[name])
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"Adam: betas is a pair of numbers (got {betas!r})")
        for place, beta in enumerate(betas):
            judge_number("Adam", f"betas[{place}]", beta, below=1.0)
        group["betas"] = (float(betas[0]), float(betas[1]))
        judge_flag("Adam", "amsgrad", group["amsgrad"])
        judge_flag("Adam", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        state = self.state[p]
        if "step" not in state:
            state["step"] = new_tensor(np.zeros((), np.float32))
        state["step"].array += 1
        m, v = self.remember(p, "exp_avg", "exp_avg_sq")
        v_max = self.remember(p, "max_exp_avg_sq")[0] if group["amsgrad"] else None
        adam_update(
            p.array, g, m, v, v_max, self.work(p.array), step=int(state["step"].array),
            lr=float(group["lr"]), betas=group["betas"], eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]), maximize=group["maximize"],
        )  # fmt: skip
