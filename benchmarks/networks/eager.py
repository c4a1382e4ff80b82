"""Ours and PyTorch: the same lines of code, and the same files of minitorch_cv.models.

For PyTorch those files are run with PyTorch's layers in place of ours, which have the same names:
the architectures cannot differ.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from .works import LEARNING_RATE, MOMENTUM, Work, data, network, values


class Eager:
    """An engine that computes as it is called. `name` is what tables show."""

    def __init__(self, name: str, library: Any, models: Any, fold: Callable[[Any], Any]) -> None:
        self.name = name
        self.version = str(library.__version__)
        self.library = library
        self.models = models
        self.fold = fold

    network: Any
    optimizer: Any
    x: Any
    target: Any

    def build(self, work: Work) -> None:
        """The network with its weights, the optimizer and the data."""
        library = self.library
        self.network = network(work, self.models, library.nn)
        if self.name == "torch":
            _in_place(self.network, library)
        state = self.network.state_dict()
        for name, value in state.items():
            if not name.endswith("num_batches_tracked"):
                state[name] = library.from_numpy(values(name, tuple(value.shape)))
        self.network.load_state_dict(state)
        del state
        parameters = self.network.parameters()
        self.optimizer = library.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
        images, labels = data(work)
        self.x, self.target = library.tensor(images), library.tensor(labels)
        self.loss = library.nn.functional.cross_entropy

    def clear(self) -> None:
        """Forgets the network and the data."""
        self.network = self.optimizer = self.x = self.target = None

    def step_of(self, mode: str) -> Callable[[], Any]:
        """What is timed: a training step, or the scores of the images."""
        if mode == "train":
            self.network.train()
            return self._train
        self.network.eval()
        network = self.fold(self.network) if mode == "folded" else self.network
        return lambda: self._infer(network)

    def numbers(self, answer: Any) -> list[float]:
        """The loss, or the first scores: what engines must agree on."""
        return [float(value) for value in answer.detach().reshape(-1)[:10]]

    def _train(self) -> Any:
        self.optimizer.zero_grad()
        loss = self.loss(self.network(self.x), self.target)
        loss.backward()
        self.optimizer.step()
        return loss

    def _infer(self, network: Any) -> Any:
        with self.library.no_grad():
            return network(self.x)


def ours(threads: int) -> Eager:
    """This engine."""
    import minitorch_cv as mt

    mt.set_num_threads(threads)
    return Eager("ours", mt, mt.models, lambda network: mt.optimize_for_inference(network))


def with_torch(threads: int) -> Eager:
    """PyTorch, eager, in its default layout."""
    import torch

    torch.set_num_threads(threads)
    return Eager("torch", torch, models_on(torch), _folded_by_torch)


def models_on(torch: Any) -> Any:
    """minitorch_cv.models, built on PyTorch. For a process that uses minitorch_cv for nothing else.

    Raises RuntimeError where minitorch_cv's own layers are loaded already.
    """
    if "minitorch_cv.nn" in sys.modules:
        raise RuntimeError("models_on: this process has loaded minitorch_cv's own layers")
    import minitorch_cv

    rooms: dict[str, Any] = {"nn": torch.nn, "nn.functional": torch.nn.functional}
    rooms["autograd"] = torch
    for part in ("tensor", "creation", "joining", "modes"):
        rooms[f"autograd.{part}"] = torch
    rooms["interop"] = types.ModuleType("interop")  # reads weights from files; none are read here
    rooms["nn.summary"] = types.SimpleNamespace(measure=None)  # what a model costs; not asked here
    rooms["autograd.tape"] = types.SimpleNamespace(new_tensor=torch.from_numpy)
    torch.nn.functional.add_relu = lambda a, b: a.add_(b).relu_()  # as torchvision's blocks do
    for name, module in rooms.items():
        sys.modules[f"{minitorch_cv.__name__}.{name}"] = module
    return importlib.import_module("minitorch_cv.models")


def _in_place(network: Any, torch: Any) -> None:
    """ReLU layers overwrite their input, as in torchvision's models: PyTorch at its best."""
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = True


def _folded_by_torch(network: Any) -> Any:
    """PyTorch's own folding. Raises NotImplementedError for a network that it cannot trace."""
    from torch.fx.experimental.optimization import fuse
    from torch.fx.proxy import TraceError

    try:
        return fuse(network)
    except TraceError as error:
        raise NotImplementedError("its forward has branches that PyTorch cannot fold") from error
