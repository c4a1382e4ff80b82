"""The two averages, each for one Tensor (answers the new average) and for lists (changes them).

    SWA   a ← a + (p − a) / (n + 1)         the mean of all n + 1
    EMA   a ← β a + (1 − β) p               the latest count most

Source: P. Izmailov et al., "Averaging weights leads to wider optima and better generalization",
UAI 2018, algorithm 1 (SWA); B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by
averaging", SIAM J. Control Optim. 30(4), 1992.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ..options import judge_number

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[list[Tensor], list[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """EMA of one Tensor; decay: β. Raises ValueError for β outside [0, 1]."""
    _judge_decay("get_ema_avg_fn", decay)

    @no_grad()
    def ema(average: Tensor, current: Tensor, num_averaged: Any) -> Tensor:  # noqa: ARG001
        return decay * average + (1 - decay) * current

    return ema


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """EMA of lists of Tensors, in place; decay: β. Raises ValueError for β outside [0, 1]."""
    _judge_decay("get_ema_multi_avg_fn", decay)
    return _for_each(get_ema_avg_fn(decay))


def get_swa_avg_fn() -> Average:
    """The mean of one Tensor and the n = num_averaged before it."""

    @no_grad()
    def swa(average: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        return average + (current - average) / (num_averaged + 1)

    return swa


def get_swa_multi_avg_fn() -> Averages:
    """The means of lists of Tensors, in place."""
    return _for_each(get_swa_avg_fn())


def _for_each(average: Average) -> Averages:
    @no_grad()
    def update(averages: list[Tensor], currents: list[Tensor], num_averaged: Any) -> None:
        for a, p in zip(averages, currents, strict=True):
            a.copy_(average(a, p, num_averaged))

    return update


def _judge_decay(owner: str, decay: float) -> None:
    judge_number(owner, "decay", decay)
    if decay > 1:
        raise ValueError(f"{owner}: decay must be at most 1 (got {decay})")
