"""Schedules by a function of the user's: `LambdaLR` and `MultiplicativeLR`."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, judge_optimizer, one_for_each_group

Factor = Callable[[int], float]


class LambdaLR(LRScheduler):
    """η_t = η_0 f(t).

    lr_lambda: f, or a list with a function for each group. The state holds the attributes of
    callable objects, but no functions: make the scheduler with the same ones before loading.
    Raises ValueError for a list of another length, TypeError for what cannot be called.
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1
    ) -> None:
        judge_optimizer(self, optimizer)
        self.lr_lambdas = one_for_each_group(self, "lr_lambda", optimizer, lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                name = type(self).__name__
                raise TypeError(f"{name}: lr_lambda is a function of the epoch (got {function!r})")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        return [
            base * f(self.last_epoch)
            for f, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        attributes = [attributes_of(f) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": attributes}

    def _take(self, state: dict[str, Any]) -> None:
        for function, attributes in zip(self.lr_lambdas, state.pop("lr_lambdas"), strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)
        super()._take(state)


class MultiplicativeLR(LambdaLR):
    """η_t = η_{t−1} f(t) for t ≥ 1.

    lr_lambda and the state: as for `LambdaLR`.
    """

    def get_lr(self) -> list[Any]:
        if self._is_initial:
            return self._current()
        return [
            lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self._current(), strict=True)
        ]


def attributes_of(function: Any) -> dict[str, Any] | None:
    """What a callable object remembers; None for a plain function."""
    if isinstance(function, types.FunctionType) or not hasattr(function, "__dict__"):
        return None
    return dict(function.__dict__)
