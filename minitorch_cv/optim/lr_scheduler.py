"""Schedules of the learning rate: `step()` after each epoch sets every group's "lr" anew.

As in PyTorch, a schedule computes the next rate from the current one where it can, so that it can
be chained with others and with changes by hand. Making a scheduler already does the step to epoch
0.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .optimizer import Optimizer
from .options import judge_number


class LRScheduler:
    """Base of all schedules: subclasses write `get_lr`.

    optimizer: whose groups are changed; last_epoch: the epoch that is over, −1 at the beginning
        (otherwise the groups must hold "initial_lr", as those of a loaded optimizer do).
    base_lrs: the rates at the beginning, one for each group.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: expects an optimizer (got {type(optimizer).__name__})"
            )
        self.optimizer = optimizer
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}: group {place} has no 'initial_lr' (got last_epoch="
                    f"{last_epoch}); load the optimizer's state first, or use last_epoch=-1"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The rates of epoch `last_epoch`, one for each group, from the current rates."""
        raise NotImplementedError(f"{type(self).__name__}: write get_lr(self)")

    def get_last_lr(self) -> list[float]:
        """The rates in force, one for each group."""
        return self._last_lr

    def step(self) -> None:
        """Goes on to the next epoch. Warns where the optimizer has made no step before it."""
        forgotten = type(self.optimizer).step is Optimizer.step and not self.optimizer.has_stepped
        if self._step_count == 1 and forgotten:
            warnings.warn(
                f"{type(self).__name__}: step() came before optimizer.step(), so the first rate of "
                "the schedule is skipped; call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = self._current()

    def _current(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer: plain numbers and lists, which JSON can hold."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on where `state_dict` was called; load the optimizer's state, too, for its rates.

        Raises ValueError for the state of another kind of scheduler; nothing has changed then.
        """
        known = self.state_dict().keys()
        missing = sorted(known - set(state_dict))
        if missing:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: not a state of this scheduler (missing: "
                f"{', '.join(missing)})"
            )
        self.__dict__.update({key: state_dict[key] for key in known})


class StepLR(LRScheduler):
    """η ← γ η after every `step_size` epochs."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if isinstance(step_size, bool) or not isinstance(step_size, int):
            raise TypeError(f"StepLR: step_size is an int (got {step_size!r})")
        judge_number("StepLR", "step_size", step_size, low=1)
        judge_number("StepLR", "gamma", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return self._current()
        return [lr * self.gamma for lr in self._current()]


class CosineAnnealingLR(LRScheduler):
    """From the initial rate to `eta_min` over T_max epochs along half a cosine, and back again.

    η_t = η_min + ½ (η_0 − η_min)(1 + cos(π t / T_max)), computed from η_{t−1}:
    (η_t − η_min) / (η_{t−1} − η_min) = (1 + cos(π t / T_max)) / (1 + cos(π (t − 1) / T_max)), which
    does not hold one epoch after a minimum, where the denominator is zero.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5 (without restarts).
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        judge_number("CosineAnnealingLR", "T_max", T_max)
        judge_number("CosineAnnealingLR", "eta_min", eta_min)
        if T_max == 0:
            raise ValueError("CosineAnnealingLR: T_max must be positive (got 0)")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        t, T, low, lrs = self.last_epoch, self.T_max, self.eta_min, self._current()
        if self._is_initial:
            return lrs
        if (t - 1 - T) % (2 * T) == 0:
            rise = (1 - math.cos(math.pi / T)) / 2
            return [lr + (b - low) * rise for lr, b in zip(lrs, self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * t / T)) / (1 + math.cos(math.pi * (t - 1) / T))
        return [ratio * (lr - low) + low for lr in lrs]
