"""`LRScheduler`: what all schedules share. Subclasses write `get_lr`."""

from __future__ import annotations

import warnings
from typing import Any

from ...autograd.tensor import Tensor
from ..optimizer import Group, Optimizer


class LRScheduler:
    """Base of all schedules: subclasses write `get_lr`.

    optimizer: whose groups are changed; last_epoch: the epoch that is over, −1 at the beginning
        (otherwise the groups must hold "initial_lr", as those of a loaded optimizer do).
    base_lrs: the rates at the beginning, one for each group.
    Raises TypeError for what is no optimizer, ValueError for groups without "initial_lr".
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        judge_optimizer(self, optimizer)
        self.optimizer = optimizer
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", value_of(group, "lr"))
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}: group {place} has no 'initial_lr' (got last_epoch="
                    f"{last_epoch}); load the optimizer's state first, or use last_epoch=-1"
                )
        self.base_lrs = [value_of(group, "initial_lr") for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _begin(self) -> None:
        """The step to epoch 0, of which no optimizer's step comes before."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[Any]:
        """The rates of epoch `last_epoch`, one for each group, from the current rates."""
        raise NotImplementedError(f"{type(self).__name__}: write get_lr(self)")

    def get_last_lr(self) -> list[Any]:
        """The rates in force, one for each group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next epoch. Warns where the optimizer has made no step before it.

        epoch: jump to that one instead, by the closed form of the schedule where it has one.
        """
        if self._step_count == 1 and not self.optimizer.has_stepped:
            warnings.warn(
                f"{type(self).__name__}: step() came before optimizer.step(), so the first rate of "
                "the schedule is skipped; call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch(self)
        self._go_to(epoch)

    def _go_to(self, epoch: int | None) -> None:
        """Sets the rates of the next epoch, or those of `epoch`."""
        rates = self.get_lr
        if epoch is None:
            self.last_epoch += 1
        else:
            self.last_epoch = epoch
            rates = getattr(self, "_get_closed_form_lr", rates)
        self._set_rates(rates())

    def _set_rates(self, rates: list[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", lr)
        self._last_lr = self._current()

    def _current(self) -> list[Any]:
        return [value_of(group, "lr") for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer: plain numbers and lists, which JSON can hold."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on where `state_dict` was called; load the optimizer's state, too, for its rates.

        Raises ValueError for the state of another kind of scheduler; nothing has changed then.
        """
        self._judge_state(state_dict)
        self._take({key: state_dict[key] for key in self.state_dict()})

    def _judge_state(self, state_dict: dict[str, Any]) -> None:
        """Raises ValueError where something is missing."""
        missing = sorted(self.state_dict().keys() - set(state_dict))
        if missing:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: not a state of this scheduler (missing: "
                f"{', '.join(missing)})"
            )

    def _take(self, state: dict[str, Any]) -> None:
        """Makes a state that has all the names its own."""
        self.__dict__.update(state)


def judge_optimizer(scheduler: LRScheduler, optimizer: Any) -> None:
    """Raises TypeError for what is no optimizer."""
    if not isinstance(optimizer, Optimizer):
        name = type(scheduler).__name__
        raise TypeError(f"{name}: expects an optimizer (got {type(optimizer).__name__})")


def value_of(group: Group, key: str) -> Any:
    """An option of a group; a copy where it is a Tensor, which will be changed in place."""
    value = group[key]
    return value.detach().clone() if isinstance(value, Tensor) else value


def set_value(group: Group, key: str, value: Any) -> None:
    """Sets an option of a group; where it is a Tensor, that Tensor's value."""
    if isinstance(group[key], Tensor):
        group[key].detach().fill_(float(value))
    else:
        group[key] = value


def one_for_each_group(
    scheduler: LRScheduler, name: str, optimizer: Optimizer, value: Any
) -> list[Any]:
    """A list with a value for each group, from such a list or from one value."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            f"{type(scheduler).__name__}: {name} has another length than the optimizer has groups "
            f"(got {len(value)}, there are {groups})"
        )
    return list(value)


def warn_of_epoch(scheduler: LRScheduler) -> None:
    """PyTorch deprecates `step(epoch)`, and so do we."""
    warnings.warn(
        f"{type(scheduler).__name__}: step(epoch) is deprecated, as in PyTorch; use step()",
        UserWarning,
        stacklevel=3,
    )
