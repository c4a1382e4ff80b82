"""Half a cosine: `CosineAnnealingLR` down and up again, `CosineAnnealingWarmRestarts` down."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from ..options import judge_number
from .base import LRScheduler


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

    def get_lr(self) -> list[Any]:
        t, T, low, lrs = self.last_epoch, self.T_max, self.eta_min, self._current()
        if self._is_initial:
            return lrs
        if (t - 1 - T) % (2 * T) == 0:
            rise = (1 - math.cos(math.pi / T)) / 2
            return [lr + (b - low) * rise for lr, b in zip(lrs, self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * t / T)) / (1 + math.cos(math.pi * (t - 1) / T))
        return [ratio * (lr - low) + low for lr in lrs]

    def _get_closed_form_lr(self) -> list[Any]:
        return [_half_cosine(b, self.eta_min, self.last_epoch / self.T_max) for b in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the initial rate to `eta_min` along half a cosine, again and again.

    η_t = η_min + ½ (η_0 − η_min)(1 + cos(π T_cur / T_i)). T_cur counts the epochs since the last
    restart; the i-th run has T_i = T_0 T_multⁱ epochs. `step(epoch)` takes fractions of epochs.
    Raises ValueError for T_0 or T_mult that are no positive ints.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"CosineAnnealingWarmRestarts: {name} is a positive int (got {value!r})"
                )
        judge_number("CosineAnnealingWarmRestarts", "eta_min", eta_min)
        self.T_0 = T_0
        self.T_i: Any = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: Any = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        return [_half_cosine(b, self.eta_min, self.T_cur / self.T_i) for b in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Goes on to the next epoch, or to `epoch`, which may be a fraction.

        Raises ValueError for a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._find(epoch)
        self.last_epoch = math.floor(epoch)
        self._set_rates(self.get_lr())

    def _find(self, epoch: float) -> None:
        """T_cur and T_i of any epoch: the first n runs have T_0 (T_multⁿ − 1) / (T_mult − 1)."""
        if epoch < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: an epoch is not negative (got {epoch})")
        T, k = self.T_0, self.T_mult
        if epoch < T:
            self.T_cur, self.T_i = epoch, T
        elif k == 1:
            self.T_cur = epoch % T
        else:
            n = int(math.log(epoch / T * (k - 1) + 1, k))
            self.T_cur, self.T_i = epoch - T * (k**n - 1) / (k - 1), T * k**n


def _half_cosine(high: Any, low: float, done: float) -> Any:
    """From high to low as `done` goes from 0 to 1."""
    return low + (high - low) * (1 + math.cos(math.pi * done)) / 2
