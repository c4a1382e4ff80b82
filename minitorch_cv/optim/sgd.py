"""Stochastic gradient descent with momentum.

    d ← g + λ x                         (weight decay; −g where the objective is maximized)
    b ← μ b + (1 − τ) d                 (momentum; the first time b ← d)
    d ← d + μ b   (Nesterov)   or   d ← b
    x ← x − η d

η lr, μ momentum, τ dampening, λ weight_decay. As in PyTorch, η is not part of the buffer b, so a
changed learning rate acts at once.

Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
momentum in deep learning", ICML 2013, section 2. Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .descent import Work, descent
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def sgd_update(
    x: Array,
    g: Array,
    b: Array | None,
    work: Work,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> Array | None:
    """Changes x and the buffer b in place, leaves g alone; answers b, which is new at first."""
    xp, product = array_module(x), work[1]
    d = descent(x, g, work, weight_decay, maximize)
    if momentum:
        if b is None:
            b = xp.array(d)
        else:
            xp.multiply(b, momentum, out=b)
            xp.add(b, xp.multiply(d, 1 - dampening, out=product) if dampening else d, out=b)
        d = xp.add(d, xp.multiply(b, momentum, out=product), out=work[0]) if nesterov else b
    xp.subtract(x, xp.multiply(d, lr, out=product), out=x)
    return b


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's momentum and weight decay.

    Raises ValueError for a negative or non-finite lr, momentum or weight_decay, and for nesterov
    without momentum or with dampening.
    """

    kernel = "sgd"
    kernel_options = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        for name in ("lr", "momentum", "weight_decay"):
            judge_number("SGD", name, group[name])
        judge_number("SGD", "dampening", group["dampening"], low=-float("inf"))
        judge_flag("SGD", "nesterov", group["nesterov"])
        judge_flag("SGD", "maximize", group["maximize"])
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum and no dampening (got momentum={group['momentum']}, "
                f"dampening={group['dampening']}); use momentum=0.9, dampening=0"
            )

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        kept = self.state[p].get("momentum_buffer") if group["momentum"] else None
        buffer = sgd_update(
            p.array, g, None if kept is None else kept.array, self.work(p.array),
            lr=float(group["lr"]), momentum=float(group["momentum"]),
            dampening=float(group["dampening"]), weight_decay=float(group["weight_decay"]),
            nesterov=group["nesterov"], maximize=group["maximize"],
        )  # fmt: skip
        if kept is None and buffer is not None:
            self.state[p]["momentum_buffer"] = new_tensor(buffer)

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return ("momentum_buffer" if group["momentum"] else None,)

    def begins_at_zero(self, group: Group) -> bool:
        return not group["dampening"]  # the first buffer is d = 0 · momentum + d
