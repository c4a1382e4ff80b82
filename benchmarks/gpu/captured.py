"""A training step under graph capture: the same numbers as without, and how long each takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.nn import functional as F  # noqa: N812

from .clock import Spent, measured
from .place import Place

STEPS = 8
MOST = 1e-4  # another order of sums in a matrix product, over some steps


def _network(small: bool) -> Any:
    if small:
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64, 10),
        )  # fmt: skip
    return mt.models.resnet20()


def _dropping(small: bool) -> Any:
    """A network whose dropout draws elements and whole channels, numbers left over between them."""
    channels, width = (4, 64) if small else (32, 8192)
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1), nn.Dropout2d(0.3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(width, 33), nn.AlphaDropout(0.2),
        nn.Linear(33, 10),
    )  # fmt: skip


def _step(model: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    def train_step(x: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return train_step


def captured(place: Place, only: Any = ()) -> dict[str, Any]:  # noqa: ARG001
    """Losses, parameters and statistics of some steps, whose learning rate changes on the way.

    SGD, Adam, and SGD with dropout, of which each replay must draw the masks of its step.
    """
    found: dict[str, Any] = {"passed": True, "rules": {}}
    for name, make, network in (
        ("SGD", lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4), _network),
        ("Adam", lambda p: optim.Adam(p, lr=1e-3), _network),
        ("dropout", lambda p: optim.SGD(p, lr=0.01), _dropping),
    ):
        runs = [_train(place, make, graphed, network) for graphed in (False, True)]
        (plain, plain_time), (graphed, graphed_time) = runs
        off = max(
            float(np.abs(a - b).max() / max(1.0, np.abs(a).max()))
            for a, b in zip(plain, graphed, strict=True)
        )
        found["rules"][name] = {
            "difference": off, **plain_time.named("eager"), **graphed_time.named("captured"),
        }  # fmt: skip
        found["passed"] &= off <= MOST
    again, _ = _train(place, lambda p: optim.SGD(p, lr=0.05, momentum=0.9), True)
    twice, _ = _train(place, lambda p: optim.SGD(p, lr=0.05, momentum=0.9), True)
    equal = all(a.tobytes() == b.tobytes() for a, b in zip(again, twice, strict=True))
    found |= {"two_runs_equal": equal, "passed": found["passed"] and equal}
    return found


def _train(
    place: Place, make: Any, graphed: bool, network: Callable[[bool], Any] = _network
) -> tuple[list[np.ndarray], Spent]:
    """(losses and the whole state of the network after some steps, the time of one more step)."""
    batch, side = (6, 8) if place.small else (128, 32)
    rng = np.random.default_rng(0)
    mt.manual_seed(0)
    model = network(place.small).to("cuda")
    optimizer = make(model.parameters())
    step: Any = _step(model, optimizer)
    if graphed:
        step = mt.cuda.graph(step)
    losses = []
    for number in range(STEPS):
        if number == STEPS // 2:
            optimizer.param_groups[0]["lr"] /= 10
        x = mt.from_numpy(rng.standard_normal((batch, 3, side, side), np.float32)).to("cuda")
        labels = mt.from_numpy(rng.integers(0, 10, batch)).to("cuda")
        losses.append(step(x, labels).detach().clone())
    if graphed and step.graphs != 1:
        raise AssertionError(f"{step.graphs} graphs were recorded, where there is one shape")
    kept = [*losses, *model.state_dict().values()]
    state = [t.detach().cpu().numpy().astype(float) for t in kept]
    return state, measured(place, [lambda: step(x, labels)])
