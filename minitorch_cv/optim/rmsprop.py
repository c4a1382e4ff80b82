"""RMSprop: steps divided by a running root mean square of the gradient.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    v ← α v + (1 − α) d²
    m ← α m + (1 − α) d                 (centered; otherwise m = 0)
    q ← d / (√(v − m²) + ε)
    b ← μ b + q                         (momentum; otherwise b = q)
    x ← x − η b

Centered, the divisor estimates the gradient's standard deviation. ε is added to the root, as in
PyTorch; other libraries add it to v.

Source: T. Hinton, "Neural networks for machine learning", lecture 6e, 2012; centered: A. Graves,
"Generating sequences with recurrent neural networks", arXiv:1308.0850, 2013, equations 38–45.
Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, average, average_square, descent
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def rmsprop_update(
    x: Array,
    g: Array,
    v: Array,
    m: Array | None,
    b: Array | None,
    work: Work,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> None:
    """Changes x, v, m (None: not centered) and b (None: no momentum) in place, leaves g alone."""
    xp, room = array_module(x), work[1]
    d = descent(x, g, work, weight_decay, maximize)
    average_square(v, d, alpha, room)
    if m is None:
        xp.sqrt(v, out=room)
    else:
        average(m, d, alpha, room)
        xp.sqrt(xp.subtract(v, xp.multiply(m, m, out=room), out=room), out=room)
    step = xp.divide(d, xp.add(room, eps, out=room), out=room)
    if b is not None:
        step = xp.add(xp.multiply(b, momentum, out=b), step, out=b)
    xp.subtract(x, xp.multiply(step, lr, out=room), out=x)


class RMSprop(Optimizer):
    """RMSprop, centered or not, with momentum and weight decay.

    Raises ValueError for a negative or non-finite lr, alpha, eps, weight_decay or momentum.
    """

    kernel = "rmsprop"
    kernel_options = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "alpha", "eps", "weight_decay", "momentum"):
            judge_number("RMSprop", name, group[name])
        judge_flag("RMSprop", "centered", group["centered"])
        judge_flag("RMSprop", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        self.count(p)
        (v,) = self.remember(p, "square_avg")
        b = self.remember(p, "momentum_buffer")[0] if group["momentum"] else None
        m = self.remember(p, "grad_avg")[0] if group["centered"] else None
        rmsprop_update(
            p.array, g, v, m, b, self.work(p.array), lr=float(group["lr"]),
            alpha=float(group["alpha"]), eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]), momentum=float(group["momentum"]),
            maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        mean = "grad_avg" if group["centered"] else None
        moving = "momentum_buffer" if group["momentum"] else None
        return "square_avg", mean, moving, "step"
