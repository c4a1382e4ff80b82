"""Rprop: only the gradient's sign counts; each parameter has a step size of its own.

    s ← clip(s η₊, s_min, s_max)        where g_t g_{t−1} > 0 (−g where the objective is maximized)
    s ← clip(s η₋, s_min, s_max)        where g_t g_{t−1} < 0, and there g_t ← 0: no step, and none
                                        the next time decides by this sign
    x ← x − s sign(g_t)

s starts at lr, which is not used again. Meant for full batches: between small batches the signs
differ by chance.

Source: M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the
RPROP algorithm", ICNN 1993; without weight backtracking, as in C. Igel, M. Hüsken, "Improving the
Rprop learning algorithm", NC 2000, iRprop−. Verified by PyTorch's parameters over 50 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.tensor import Tensor
from ..backend.library import Array, array_module
from .optimizer import Group, Optimizer
from .options import judge_flag, judge_number


def rprop_update(
    x: Array,
    g: Array,
    previous: Array,
    sizes: Array,
    *,
    etas: tuple[float, float],
    step_sizes: tuple[float, float],
    maximize: bool,
) -> None:
    """Changes x, the previous gradient and the step sizes in place, leaves g alone."""
    xp = array_module(x)
    d = -g if maximize else g
    turn = xp.sign(d * previous)
    scale = xp.where(turn > 0, etas[1], xp.where(turn < 0, etas[0], 1 + turn))  # NaN stays NaN
    xp.clip(xp.multiply(sizes, scale, out=sizes), *step_sizes, out=sizes)
    previous[...] = xp.where(turn < 0, 0, d)
    xp.subtract(x, xp.sign(previous) * sizes, out=x)


class Rprop(Optimizer):
    """Resilient backpropagation.

    etas: by how much a step size shrinks and grows; step_sizes: its bounds.
    Raises ValueError for a negative or non-finite lr, and unless 0 < etas[0] < 1 < etas[1].
    """

    kernel = "rprop"
    kernel_options = ("etas", "step_sizes", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check_options(self, group: Group) -> None:
        judge_number("Rprop", "lr", group["lr"])
        for name in ("etas", "step_sizes"):
            pair = group[name]
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise TypeError(f"Rprop: {name} is a pair of numbers (got {pair!r})")
            for place, value in enumerate(pair):
                judge_number("Rprop", f"{name}[{place}]", value)
        if not 0 < group["etas"][0] < 1 < group["etas"][1]:
            raise ValueError(f"Rprop: needs 0 < etas[0] < 1 < etas[1] (got {group['etas']})")
        judge_flag("Rprop", "maximize", group["maximize"])

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        self.count(p)
        (previous,) = self.remember(p, "prev")
        (sizes,) = self.remember(p, "step_size", fill=float(group["lr"]))
        rprop_update(
            p.array, g, previous, sizes, etas=group["etas"], step_sizes=group["step_sizes"],
            maximize=group["maximize"],
        )  # fmt: skip

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        return "prev", "step_size", "step"
