"""Adam and AdamW: steps scaled by running estimates of the gradient's mean and of its square.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    x ← x − η λ x                       (instead of + λ x, where the decay is decoupled: AdamW)
    m ← β₁ m + (1 − β₁) d
    v ← β₂ v + (1 − β₂) d²
    x ← x − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)

t counts the steps from 1; the two divisions by 1 − βᵗ undo the bias of starting from zeros. amsgrad
divides by the largest v so far instead of by v.

Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1;
S. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018, algorithm 2
(amsgrad). ε is added after the bias correction, as in PyTorch. Verified by PyTorch's parameters
over 50 steps.

AdamW: in Adam, λ x is part of the gradient and so divided by √v: weights with large gradients decay
less. Decoupled, all decay at the rate η λ. Source: I. Loshchilov, F. Hutter, "Decoupled weight
decay regularization", ICLR 2019, algorithm 2.
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


def adam_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    v_max: Array | None,
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
    """Changes x, m, v and v_max (None without amsgrad) in place, leaves g alone.

    step: t, from 1; decoupled: the weight decay shrinks x instead of changing g.
    """
    xp = array_module(x)
    (beta1, beta2), room = betas, work[1]
    d = descent(x, g, work, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        xp.multiply(x, 1 - lr * weight_decay, out=x)
    average(m, d, beta1, room)
    average_square(v, d, beta2, room)
    if v_max is not None:
        xp.maximum(v_max, v, out=v_max)
    xp.sqrt(v if v_max is None else v_max, out=room)
    xp.add(xp.divide(room, sqrt(1 - beta2**step), out=room), eps, out=room)
    xp.multiply(xp.divide(m, room, out=room), lr / (1 - beta1**step), out=room)
    xp.subtract(x, room, out=x)


class Adam(Optimizer):
    """Adam, with weight decay added to the gradient and AMSGrad.

    decoupled_weight_decay: True makes it AdamW.
    Raises ValueError for a negative or non-finite lr, eps or weight_decay, and for betas outside
    [0, 1).
    """

    kernel = "adam"
    kernel_options = (
        "lr", "betas", "eps", "weight_decay",
        "decoupled_weight_decay", "maximize", "amsgrad",
    )  # fmt: skip

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay"):
            judge_number(self._name, name, group[name])
        judge_betas(self._name, group, floats_only=True)
        for name in ("amsgrad", "maximize", "decoupled_weight_decay"):
            judge_flag(self._name, name, group[name])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        step = self.count(p)
        m, v = self.remember(p, "exp_avg", "exp_avg_sq")
        v_max = self.remember(p, "max_exp_avg_sq")[0] if group["amsgrad"] else None
        adam_update(
            p.array, g, m, v, v_max, self.work(p.array), step=step, lr=float(group["lr"]),
            betas=group["betas"], eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]),
            decoupled=group["decoupled_weight_decay"], maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return (
            "exp_avg", "exp_avg_sq", "max_exp_avg_sq" if group["amsgrad"] else None, "step",
        )  # fmt: skip

    def begins_at_zero(self, group: Group) -> bool:
        return True


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
