"""`CyclicLR`: up and down between two rates, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from ..options import judge_number
from .base import LRScheduler, judge_optimizer, one_for_each_group, set_value
from .functions import attributes_of
from .momentum import bounds_for_each_group, set_momentum, start_momentum, uses_beta1

MODES = ("triangular", "triangular2", "exp_range")


class CyclicLR(LRScheduler):
    """A triangle wave between base_lr and max_lr.

    η_t = η_base + (η_max − η_base) w(t) s, where w rises from 0 to 1 in step_size_up steps and
    falls again in step_size_down. s = 1 ("triangular"), 2^(1 − cycle) ("triangular2"), γᵗ
    ("exp_range"), or scale_fn of the cycle (from 1) or of t, as scale_mode says: "cycle" or
    "iterations". The momentum goes the other way, from max_momentum to base_momentum. `step()`
    comes after every batch.

    base_lr, max_lr, base_momentum and max_momentum may be lists with a value for each group. The
    state holds no function: make the scheduler with the same scale_fn before loading.
    Raises ValueError for an unknown mode, lists of another length, and an optimizer without
    momentum.

    Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        judge_optimizer(self, optimizer)
        lows = one_for_each_group(self, "base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows, strict=True):
                set_value(group, "lr", low)
        self.max_lrs = one_for_each_group(self, "max_lr", optimizer, max_lr)
        self._set_lengths(step_size_up, step_size_down)
        if mode not in MODES and scale_fn is None:
            raise ValueError(f"CyclicLR: mode is one of {', '.join(MODES)} (got {mode!r})")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(self, optimizer)
            self.base_momentums, self.max_momentums = bounds_for_each_group(
                self, optimizer, base_momentum, max_momentum
            )
            if last_epoch == -1:
                start_momentum(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def _set_lengths(self, up: float, down: float | None) -> None:
        down = up if down is None else down
        for name, value in (("step_size_up", up), ("step_size_down", down)):
            judge_number("CyclicLR", name, value)
        if up == 0:
            raise ValueError("CyclicLR: step_size_up must be positive (got 0)")
        self.total_size = float(up) + float(down)
        self.step_ratio = float(up) / self.total_size

    def scale_fn(self, x: float) -> float:
        """By how much the height of the wave is scaled, at a cycle or at a step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Any]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        done = 1.0 + self.last_epoch / self.total_size - cycle  # of this cycle, 0 … 1
        up = self.step_ratio
        wave = done / up if done <= up else (done - 1) / (up - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, bounds, strict=True):
                set_momentum(group, high - (high - low) * wave * scale, self.use_beta1)
        rates = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * wave * scale for low, high in rates]

    def state_dict(self) -> dict[str, Any]:
        function = self._scale_fn_custom
        kept = None if function is None else attributes_of(function)
        return {**super().state_dict(), "_scale_fn_custom": kept}

    def _take(self, state: dict[str, Any]) -> None:
        attributes = state.pop("_scale_fn_custom")
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        super()._take(state)
