"""Schedules that fall in steps: `StepLR` and `MultiStepLR`."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..optimizer import Optimizer
from ..options import judge_number
from .base import LRScheduler


class StepLR(LRScheduler):
    """η ← γ η after every `step_size` epochs.

    Raises ValueError for a step_size that is not positive, or a negative gamma.
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        judge_number("StepLR", "step_size", step_size)
        if step_size == 0:
            raise ValueError("StepLR: step_size must be positive (got 0)")
        judge_number("StepLR", "gamma", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return self._current()
        return [lr * self.gamma for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """η ← γ η at each milestone, and γᵏ η at one that is named k times.

    Raises ValueError for a negative gamma.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        judge_number("MultiStepLR", "gamma", gamma)
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        times = self.milestones[self.last_epoch]
        return [lr * self.gamma**times for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]

    def _take(self, state: dict[str, Any]) -> None:
        epochs = {int(epoch): times for epoch, times in state["milestones"].items()}
        super()._take({**state, "milestones": Counter(epochs)})  # JSON made the epochs strings
