"""Schedules made of others: `SequentialLR` one after another, `ChainedScheduler` all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, set_value
from .plateau import ReduceLROnPlateau


class _Composed(LRScheduler):
    """What both share: the state holds the states of the parts."""

    _schedulers: list[LRScheduler]

    def _judge(self, optimizer: Any, schedulers: Sequence[Any]) -> None:
        name = type(self).__name__
        for place, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    f"{name}: number {place} is no scheduler (got {type(scheduler).__name__})"
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name}: number {place} is a ReduceLROnPlateau, whose step needs a measure; "
                    "call its step(metrics) apart"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{name}: number {place} belongs to another optimizer; make all schedulers "
                    "with the same one"
                )

    def get_lr(self) -> list[Any]:
        raise NotImplementedError(
            f"{type(self).__name__}: cannot be started again at epoch 0, so it can only come first "
            "in a SequentialLR; list its parts there instead"
        )

    def state_dict(self) -> dict[str, Any]:
        parts = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": parts}

    def _judge_state(self, state_dict: dict[str, Any]) -> None:
        super()._judge_state(state_dict)
        parts = state_dict["_schedulers"]
        if len(parts) != len(self._schedulers):
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: the state is of {len(parts)} schedulers "
                f"(this one has {len(self._schedulers)}); make it from the same ones"
            )
        for scheduler, part in zip(self._schedulers, parts, strict=True):
            scheduler._judge_state(part)

    def _take(self, state: dict[str, Any]) -> None:
        for scheduler, part in zip(self._schedulers, state.pop("_schedulers"), strict=True):
            scheduler.load_state_dict(part)
        super()._take(state)


class SequentialLR(_Composed):
    """One schedule after another: the k-th begins, at its epoch 0, at epoch milestones[k − 1].

    schedulers: made before, in order, on the same optimizer; milestones: one fewer.
    Raises ValueError for no schedulers, another number of milestones, another optimizer, and a
    ReduceLROnPlateau.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR: expects at least one scheduler (got none)")
        self._judge(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones "
                f"between them (got {len(milestones)})"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:  # each part made a step when it was made: undo them,
            set_value(group, "lr", group["initial_lr"])
        _undo_a_step(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._begin()  # and begin with the first
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Goes on to the next epoch."""
        self.last_epoch += 1
        place = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[place]
        if place > 0 and self._milestones[place - 1] == self.last_epoch:
            scheduler._go_to(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo_a_step(scheduler: LRScheduler) -> None:
    if isinstance(scheduler, _Composed):
        for part in scheduler._schedulers:
            _undo_a_step(part)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(_Composed):
    """All schedules at once: each goes on from the rate that the one before it left.

    schedulers: made before on the same optimizer; optimizer: theirs.
    Raises ValueError for no schedulers, another optimizer, and a ReduceLROnPlateau.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("ChainedScheduler: expects at least one scheduler (got none)")
        optimizer = optimizer or getattr(schedulers[0], "optimizer", None)
        self._judge(optimizer, schedulers)
        self.optimizer = schedulers[0].optimizer
        self._schedulers = list(schedulers)
        self._last_lr = self._current()

    def step(self) -> None:  # type: ignore[override]
        """One step of each."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current()
