"""Snapshots: several networks from one run, each taken where the learning rate has fallen to 0.

Source: G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger, "Snapshot ensembles:
train 1, get M for free", ICLR 2017, section 3, equation 2.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...optim import Optimizer
from ...optim.lr_scheduler import CosineAnnealingWarmRestarts


class Snapshots:
    """A schedule that restarts, and a copy of the network at the end of each of its cycles.

    optimizer: its rates are those at the start of each cycle. length: steps of a cycle; mult: how
    much longer each cycle is than the one before. A step is whatever `step()` is called after: a
    batch, as in the paper, or an epoch.
    states: the snapshots, oldest first, as state dicts of their own. Within a cycle the rate is

        η_t = ½ η_0 (1 + cos(π t / length))
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, length: int, mult: int = 1) -> None:
        self.model = model
        self.schedule = CosineAnnealingWarmRestarts(optimizer, length, mult)
        self.states: list[dict[str, Any]] = []

    def step(self) -> bool:
        """A step is over; True where it ended a cycle, whose snapshot has then been taken."""
        ends = self.schedule.T_cur + 1 >= self.schedule.T_i
        if ends:
            self.states.append(
                {name: v.detach().clone() for name, v in self.model.state_dict().items()}
            )
        self.schedule.step()
        return ends

    def last(self, count: int) -> list[dict[str, Any]]:
        """The `count` youngest snapshots: the ones that the paper averages over."""
        if not 1 <= count <= len(self.states):
            raise ValueError(
                f"Snapshots: {len(self.states)} were taken, count lies in 1 … that (got {count})"
            )
        return self.states[-count:]
