"""`ReduceLROnPlateau`: the rate falls when a measure has stopped to improve."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from ..options import judge_number
from .base import LRScheduler, judge_optimizer, one_for_each_group, set_value, warn_of_epoch


class ReduceLROnPlateau(LRScheduler):
    """η ← max(φ η, min_lr) after more than `patience` epochs without a better measure.

    Better is m < best (1 − threshold) in mode "min" and "rel", m < best − threshold in "abs"; in
    mode "max" m > best (1 + threshold) or m > best + threshold. NaN is never better. For `cooldown`
    epochs after a fall, bad epochs are not counted.

    factor: φ, below 1; min_lr: a bound, or a list with one for each group; eps: a fall by no more
    is not made. `step(metrics)` takes the measure.
    Raises ValueError for factor ≥ 1, an unknown mode, or a list of another length.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        judge_number("ReduceLROnPlateau", "factor", factor, below=1.0)
        judge_optimizer(self, optimizer)
        for name, value, allowed in (
            ("mode", mode, ("min", "max")), ("threshold_mode", threshold_mode, ("rel", "abs"))
        ):  # fmt: skip
            if value not in allowed:
                choices = " or ".join(map(repr, allowed))
                raise ValueError(f"ReduceLROnPlateau: {name} is {choices} (got {value!r})")
        self.optimizer = optimizer
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = one_for_each_group(self, "min_lr", optimizer, min_lr)
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.last_epoch = 0
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self._last_lr = self._current()

    @property
    def in_cooldown(self) -> bool:
        """Are bad epochs not counted now?"""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Takes the measure of an epoch, a number or a Tensor with one element."""
        if epoch is not None:
            warn_of_epoch(self)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        measure = float(metrics)
        if self._is_better(measure):
            self.best, self.num_bad_epochs = measure, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._current()

    def _is_better(self, measure: float) -> bool:
        sign = -1.0 if self.mode == "min" else 1.0
        change = sign * self.threshold
        bound = self.best + change if self.threshold_mode == "abs" else self.best * (1.0 + change)
        return sign * measure > sign * bound

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):  # a group came later
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"ReduceLROnPlateau: min_lr was given for {len(self.min_lrs)} groups (the "
                    f"optimizer now has {len(groups)}); set scheduler.min_lrs"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, low in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, low)
            if old - new > self.eps:
                set_value(group, "lr", new)
