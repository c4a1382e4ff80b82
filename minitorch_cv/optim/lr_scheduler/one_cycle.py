"""`OneCycleLR`: one rise and one long fall over the whole training."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Group, Optimizer
from ..options import judge_number
from .base import LRScheduler, judge_optimizer, one_for_each_group
from .momentum import bounds_for_each_group, set_momentum, start_momentum, uses_beta1


class OneCycleLR(LRScheduler):
    """The 1cycle policy: up from max_lr / div_factor to max_lr, then down far below the start.

    Between the ends a, b of a phase, a fraction p of it done:
    η = b + ½ (a − b)(1 + cos π p)  ("cos")   or   η = a + (b − a) p  ("linear").
    The rise ends at step pct_start · total_steps − 1, the fall at total_steps − 1 and at
    max_lr / div_factor / final_div_factor. With three_phase it first falls to the initial rate,
    in as many steps as it rose. The momentum goes from max_momentum to base_momentum while the rate
    rises, and back. `step()` comes after every batch.

    total_steps, or epochs and steps_per_epoch. max_lr, base_momentum and max_momentum may be lists
    with a value for each group.
    Raises ValueError for options out of range, a pct_start that leaves a phase no length, and a
    step beyond total_steps.

    Source: L. Smith, N. Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", arXiv:1708.07120, 2017; two phases as in the fastai library.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        judge_optimizer(self, optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start is a float in 0 … 1 (got {pct_start!r})")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy is 'cos' or 'linear' (got {anneal_strategy!r})"
            )
        self._schedule_phases = _phases(pct_start, self.total_steps, three_phase)
        self._anneal_func_type = anneal_strategy
        highs = one_for_each_group(self, "max_lr", optimizer, max_lr)
        if last_epoch == -1:
            _start_rates(optimizer, highs, div_factor, final_div_factor)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(self, optimizer)
            low, high = bounds_for_each_group(self, optimizer, base_momentum, max_momentum)
            if last_epoch == -1:
                start_momentum(optimizer, low, high, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} is beyond the end (got total_steps="
                f"{self.total_steps}); make the schedule as long as the training"
            )
        phase, done = self._where(self.last_epoch)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                set_momentum(group, self._between(group, phase, "momentum", done), self.use_beta1)
        return [self._between(g, phase, "lr", done) for g in self.optimizer.param_groups]

    def _where(self, step: int) -> tuple[dict[str, Any], float]:
        """The phase of a step, and the fraction of the phase that is over."""
        start, last = 0.0, self._schedule_phases[-1]
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is last:
                break
            start = phase["end_step"]
        if phase["end_step"] == start:
            raise ValueError(
                f"OneCycleLR: the phase that ends at step {start:g} has no length (got total_steps="
                f"{self.total_steps}); change pct_start, so that pct_start · total_steps is not 1"
            )
        return phase, (step - start) / (phase["end_step"] - start)

    def _between(self, group: Group, phase: dict[str, Any], what: str, done: float) -> float:
        start, end = group[phase[f"start_{what}"]], group[phase[f"end_{what}"]]
        if self._anneal_func_type == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)


def _total_steps(total: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch")
    given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in ({"total_steps": total} if total is not None else given).items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"OneCycleLR: {name} is a positive int (got {value!r})")
    return total if total is not None else epochs * steps_per_epoch  # type: ignore[operator]


def _start_rates(
    optimizer: Optimizer, highs: list[float], div_factor: float, final_div_factor: float
) -> None:
    """The three rates of each group, under the names that the phases use."""
    for name, value in (("div_factor", div_factor), ("final_div_factor", final_div_factor)):
        judge_number("OneCycleLR", name, value)
    for group, high in zip(optimizer.param_groups, highs, strict=True):
        group["initial_lr"] = high / div_factor
        group["max_lr"] = high
        group["min_lr"] = group["initial_lr"] / final_div_factor


def _phases(pct_start: float, total: int, three_phase: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and between which values of a group it goes (PyTorch's layout)."""
    ends = [pct_start * total - 1, 2 * pct_start * total - 2, total - 1]
    lrs = ["initial_lr", "max_lr", "initial_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
    if not three_phase:
        for stops in (ends, lrs, momenta):
            del stops[-2]
    return [
        {
            "end_step": end, "start_lr": lrs[k], "end_lr": lrs[k + 1],
            "start_momentum": momenta[k], "end_momentum": momenta[k + 1],
        }
        for k, end in enumerate(ends)
    ]  # fmt: skip
