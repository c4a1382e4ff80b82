"""Fine-tuning: rates by depth, stages that thaw one after the other, and a short training loop.

Source: J. Howard, S. Ruder, "Universal language model fine-tuning for text classification", ACL
2018, section 3.2 (discriminative rates: each stage has that of the one above, divided by 2.6) and
section 3.3 (gradual unfreezing: the last stage first, one more after each epoch).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import nn, optim
from ...autograd import from_numpy
from ...backend.random import Generator, manual_seed
from ...nn import functional as F  # noqa: N812
from ...optim import lr_scheduler
from ..errors import DivergedError
from ..preprocessing import Preprocessing
from .freezing import freeze, unfreeze
from .heads import find_head
from .stages import Stage, stages


def param_groups(
    model: nn.Module, lr: float, head_lr: float | None = None, decay: float = 1.0
) -> list[dict[str, Any]]:
    """Groups of parameters for an optimizer, one for each stage from the input to the head.

        lr_k = lr · decay^k, k stages below the one before the head

    head_lr: of the head; None: lr. Each group has its stage's name under "name". Frozen parameters
    are in the groups, too: they have no gradient, and move once they are unfrozen.
    Raises ValueError for rates that are not finite and positive, and for a decay outside (0, 1].
    """
    for name, value in (("lr", lr), ("head_lr", lr if head_lr is None else head_lr)):
        if not 0 < value < math.inf:
            raise ValueError(f"param_groups: {name} is a finite number > 0 (got {value})")
    if not 0 < decay <= 1:
        raise ValueError(f"param_groups: decay lies in (0, 1] (got {decay})")
    parts = stages(model)
    top = _head_stage(model, parts)
    groups = []
    for k, stage in enumerate(parts):
        rate = lr * decay ** (top - 1 - k) if k < top else lr if head_lr is None else head_lr
        groups.append({"params": stage.parameters, "lr": rate, "name": stage.name})
    return groups


class GradualUnfreezing:
    """A schedule that starts with the head alone and thaws one stage more every few epochs.

    Making it freezes the model below its head; `step()` is called after each epoch.
    every: epochs for each stage. epoch: how many steps were done; trainable: the names of the
    stages that learn now.
    """

    def __init__(self, model: nn.Module, every: int = 1) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"GradualUnfreezing: every is a whole number ≥ 1 (got {every!r})")
        self.model, self.every, self.epoch = model, every, 0
        parts = stages(model)
        self._names = [stage.name for stage in parts]
        self._head = _head_stage(model, parts)
        self._apply()

    @property
    def trainable(self) -> list[str]:
        """The stages that learn, from the lowest to the head."""
        return self._names[self._lowest :]

    @property
    def _lowest(self) -> int:
        return max(0, self._head - self.epoch // self.every)

    def step(self) -> None:
        """An epoch is over."""
        self.epoch += 1
        self._apply()

    def state_dict(self) -> dict[str, Any]:
        """The epoch."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where `state_dict` was taken."""
        self.epoch = int(state["epoch"])
        self._apply()

    def _apply(self) -> None:
        name = self._names[self._lowest]
        unfreeze(self.model, None if self._lowest == 0 else name)
        if self._lowest:
            freeze(self.model, name)


def _head_stage(model: nn.Module, parts: list[Stage]) -> int:
    """The number of the stage that holds the head: the last one where the head learns nothing."""
    wanted = {id(p) for p in model.get_submodule(find_head(model)).parameters()}
    for k, stage in enumerate(parts):
        if wanted & {id(p) for p in stage.parameters}:
            return k
    return len(parts) - 1


@dataclass(frozen=True)
class Tuning:
    """How a network learns: SGD with momentum, a cosine from the rates to 0 over all steps.

    lr: below the head, and of a network that starts from nothing; head_lr, decay: see
    `param_groups`. gradual: thaw one stage more after each of equally long parts of the run.
    """

    steps: int = 60
    batch_size: int = 32
    lr: float = 0.1
    head_lr: float | None = None
    decay: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 1e-4
    gradual: bool = False


def fine_tune(
    model: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    preprocessing: Preprocessing,
    tuning: Tuning,
    seed: int = 0,
) -> list[float]:
    """Trains the parts of a network that are not frozen; answers the loss of each step.

    images (N, C, h, w) as they are stored; seed: of the order of the images, and of what the
    network draws itself. Raises DivergedError where the loss is not finite.
    """
    manual_seed(seed)
    optimizer = optim.SGD(
        param_groups(model, tuning.lr, tuning.head_lr, tuning.decay), lr=tuning.lr,
        momentum=tuning.momentum, weight_decay=tuning.weight_decay,
    )  # fmt: skip
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, max(1, tuning.steps))
    thaw = GradualUnfreezing(model, max(1, tuning.steps // len(stages(model)))) if (
        tuning.gradual) else None  # fmt: skip
    model.train()
    losses = []
    x = preprocessing.to_input(images)
    for chosen in _batches(len(labels), tuning, seed):
        scores = model(from_numpy(x[chosen]))
        scores = scores[0] if isinstance(scores, tuple) else scores  # without auxiliary heads
        loss = F.cross_entropy(scores, from_numpy(labels[chosen]))
        losses.append(float(loss.item()))
        if not math.isfinite(losses[-1]):
            raise DivergedError(
                f"fine_tune: the loss became {losses[-1]} in step {len(losses)}; use a smaller lr"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if thaw is not None:
            thaw.step()
    return losses


def _batches(count: int, tuning: Tuning, seed: int) -> Any:
    """Indices of each step's images: all in random order, again and again."""
    generator = Generator(seed + 2**32)
    size = min(count, tuning.batch_size)
    order: np.ndarray = np.zeros(0, np.int64)
    for _ in range(tuning.steps):
        while len(order) < size:
            order = np.concatenate([order, np.asarray(generator.randperm(count))])
        yield order[:size]
        order = order[size:]
