"""`SWALR`: from any rate to the constant one at which SWA averages."""

from __future__ import annotations

import math
from typing import Any

from ..lr_scheduler.base import LRScheduler, judge_optimizer, one_for_each_group
from ..optimizer import Optimizer


class SWALR(LRScheduler):
    """η_t = α_t swa_lr + (1 − α_t) η_0, with α_t from 0 to 1 over `anneal_epochs` steps.

    α_t = ½ (1 − cos π t / T) ("cos") or t / T ("linear"). η_0 is worked out from η_{t−1}, so that a
    change of the rate by another schedule is taken up.

    swa_lr may be a list with a value for each group. Raises ValueError for a list of another
    length, an unknown strategy, and anneal_epochs that is no int ≥ 0.

    Source: P. Izmailov et al., "Averaging weights leads to wider optima and better generalization",
    UAI 2018, section 3.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        judge_optimizer(self, optimizer)
        rates = one_for_each_group(self, "swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"SWALR: anneal_strategy is 'cos' or 'linear' (got {anneal_strategy!r})"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs is an int ≥ 0 (got {anneal_epochs!r})")
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """α of a step: how much of swa_lr is in its rate."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return done if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * done)) / 2

    def get_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group, lr in zip(self.optimizer.param_groups, self._current(), strict=True):
            target = group["swa_lr"]
            first = target if before == 1 else (lr - before * target) / (1 - before)
            rates.append(target * now + first * (1 - now))
        return rates
