"""Whole training steps in float32, TF32 and bfloat16: as they are, captured, and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.nn import functional as F  # noqa: N812

from .clock import Spent, measured
from .place import Place
from .rivals import SETTINGS, after, named, ours_in, their_stream, theirs_in, torch_on_gpu

# Name → model, arguments, batch, height and width.
WORKS = {
    "resnet18_cifar": ("resnet18", {"num_classes": 10}, 128, 32),
    "resnet50": ("resnet50", {}, 64, 224),
}
SMALL = {"lenet": ("LeNet5", {}, 4, 32)}


def networks(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """Seconds of a training step: eager, captured, PyTorch's. A network that fails is told.

    Of the GPU alone, and with Python. {"resnet50": …, "resnet50, tf32": …, "resnet50, bf16": …}
    without_plan: the convolutions that cuDNN could not do, and why; None without cuDNN.
    """
    found: dict[str, Any] = {"passed": True, "steps": {}, "failed": {}}
    for name, work in (SMALL if place.small else WORKS).items():
        if only and name not in only:
            continue
        for setting in SETTINGS:
            found["steps"][named(name, setting)] = row = {}
            for kind, measure in KINDS.items():
                try:
                    spent = measure(place, setting, *work)
                    if spent is not None:
                        row |= spent.named(kind)
                except Exception as error:
                    where = f"{named(name, setting)}, {kind}"
                    found["failed"][where] = f"{type(error).__name__}: {error}"
                mt.cuda.empty_cache()
    found["passed"] = not found["failed"]
    solver = place.device.convolutions
    found["without_plan"] = None if solver is None else solver.unsolved
    return found


def _batch(model: str, batch: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    channels = 1 if model == "LeNet5" else 3
    return rng.standard_normal((batch, channels, side, side), np.float32), rng.integers(
        0, 10, batch
    )


def _prepared(setting: str, model: str, options: dict[str, Any], batch: int, side: int) -> Any:
    """(step, x, labels) on the GPU."""
    net = getattr(mt.models, model)(**options).to("cuda")
    optimizer = optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    x, labels = (mt.from_numpy(a).to("cuda") for a in _batch(model, batch, side))

    def step(x: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        with ours_in(setting):
            loss = F.cross_entropy(net(x), labels)
        with ours_in(after(setting)):
            loss.backward()
        optimizer.step()
        return loss

    return step, x, labels


def _ours(place: Place, *work: Any) -> Spent:
    step, x, labels = _prepared(*work)
    return measured(place, [lambda: step(x, labels)])


def _captured(place: Place, *work: Any) -> Spent:
    step, x, labels = _prepared(*work)
    graphed = mt.cuda.graph(step)
    return measured(place, [lambda: graphed(x, labels)])


def _torch(
    place: Place, setting: str, model: str, options: dict[str, Any], batch: int, side: int,
    last: bool = False,
) -> Any:  # fmt: skip
    """None without PyTorch and torchvision, or where they have no such network.

    last: with the images' channels last, which PyTorch's users choose for tensor cores.
    """
    torch = torch_on_gpu()
    try:
        import torchvision
    except ImportError:
        return None
    if torch is None or place.small or not hasattr(torchvision.models, model):
        return None
    if last and setting == "fp32":
        return None
    order = torch.channels_last if last else torch.contiguous_format
    net = getattr(torchvision.models, model)(**options).cuda().to(memory_format=order)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    x, labels = (torch.from_numpy(a).cuda() for a in _batch(model, batch, side))
    x = x.to(memory_format=order)

    def step() -> None:
        optimizer.zero_grad()
        with theirs_in(torch, setting):
            loss = torch.nn.functional.cross_entropy(net(x), labels)
        with theirs_in(torch, after(setting)):
            loss.backward()
        optimizer.step()

    with torch.cuda.stream(their_stream(torch, place)):
        return measured(place, [step])


def _torch_last(place: Place, *work: Any) -> Any:
    return _torch(place, *work, last=True)


KINDS: dict[str, Callable[..., Any]] = {
    "eager": _ours, "captured": _captured, "torch": _torch, "torch_channels_last": _torch_last,
}  # fmt: skip
