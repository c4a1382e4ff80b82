"""The momentum that goes down while the rate goes up, in `OneCycleLR` and `CyclicLR`."""

from __future__ import annotations

from typing import Any

from ..optimizer import Group, Optimizer
from .base import LRScheduler, one_for_each_group


def uses_beta1(scheduler: LRScheduler, optimizer: Optimizer) -> bool:
    """Is momentum betas[0] of this optimizer, or "momentum"? Raises ValueError for neither."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            f"{type(scheduler).__name__}: cycle_momentum needs an optimizer with momentum or betas "
            f"(got {type(optimizer).__name__}); use cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: Group, momentum: float, beta1: bool) -> None:
    """Sets betas[0] or "momentum" of a group."""
    if beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def bounds_for_each_group(
    scheduler: LRScheduler, optimizer: Optimizer, low: Any, high: Any
) -> tuple[list[float], list[float]]:
    """base_momentum and max_momentum as lists with a value for each group."""
    return (
        one_for_each_group(scheduler, "base_momentum", optimizer, low),
        one_for_each_group(scheduler, "max_momentum", optimizer, high),
    )


def start_momentum(
    optimizer: Optimizer, lows: list[float], highs: list[float], beta1: bool
) -> None:
    """Puts every group at its highest momentum, and the bounds beside it."""
    for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
        set_momentum(group, high, beta1)
        group["max_momentum"], group["base_momentum"] = high, low
