"""Schedules that follow one simple curve: constant, linear, polynomial, exponential."""

from __future__ import annotations

from typing import Any

from ..optimizer import Optimizer
from ..options import judge_number
from .base import LRScheduler


class ConstantLR(LRScheduler):
    """η_t = φ η_0 for t < T, η_0 from then on.

    factor: φ, in [0, 1]; total_iters: T. Raises ValueError for another factor.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        _judge_share("ConstantLR", "factor", factor)
        judge_number("ConstantLR", "total_iters", total_iters)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self._current()]
        if self.last_epoch != self.total_iters:
            return self._current()
        if self.factor == 0:
            raise ZeroDivisionError(
                "ConstantLR: factor=0 cannot be taken back from a rate of 0; use a small factor"
            )
        return [lr * (1.0 / self.factor) for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        factor = 1.0 if self.last_epoch >= self.total_iters else self.factor
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """η_t = η_0 (φ_0 + (φ_1 − φ_0) min(t, T) / T).

    start_factor: φ_0, in (0, 1]; end_factor: φ_1, in [0, 1]; total_iters: T.
    Raises ValueError for other factors.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        _judge_share("LinearLR", "start_factor", start_factor)
        if start_factor == 0:
            raise ValueError("LinearLR: start_factor must be above 0 (got 0); use a small one")
        _judge_share("LinearLR", "end_factor", end_factor)
        judge_number("LinearLR", "total_iters", total_iters)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        t, T, start = self.last_epoch, self.total_iters, self.start_factor
        if t == 0:
            return [lr * start for lr in self._current()]
        if self._is_initial or t > T:
            return self._current()
        rise = self.end_factor - start  # φ_t / φ_{t−1}, both multiplied by T:
        return [lr * (1.0 + rise / (T * start + (t - 1) * rise)) for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        done = min(self.last_epoch, self.total_iters) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * done
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """η_t = η_0 γᵗ.

    Raises ValueError for a negative gamma.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        judge_number("ExponentialLR", "gamma", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self._is_initial:
            return self._current()
        return [lr * self.gamma for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """η_t = η_0 (1 − min(t, T) / T)^p.

    total_iters: T; power: p.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        judge_number("PolynomialLR", "total_iters", total_iters)
        judge_number("PolynomialLR", "power", power, low=-float("inf"))
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        t, T = self.last_epoch, self.total_iters
        if self._is_initial or t > T:
            return self._current()
        factor = ((1.0 - t / T) / (1.0 - (t - 1) / T)) ** self.power
        return [lr * factor for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        T = self.total_iters
        return [base * (1.0 - min(T, self.last_epoch) / T) ** self.power for base in self.base_lrs]


def _judge_share(owner: str, name: str, value: Any) -> None:
    judge_number(owner, name, value)
    if value > 1:
        raise ValueError(f"{owner}: {name} must be at most 1 (got {value})")
