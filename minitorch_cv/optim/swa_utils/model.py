"""`AveragedModel`, a copy of a network that holds averages of its parameters, and `update_bn`."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ... import nn
from ...autograd.creation import zeros
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from .averages import Average, Averages, get_swa_avg_fn

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class AveragedModel(nn.Module):
    """A copy of `model` whose parameters are averages over all `update_parameters(model)`.

    device: where the copy lives; avg_fn(average, current, n): the average of one Tensor, the plain
    mean (SWA) where it is None; multi_avg_fn(averages, currents, n): the same in place on lists;
    use_buffers: average the buffers, too, rather than copy the last ones.
    module: the copy; n_averaged: how many models are in it, a buffer.
    Raises ValueError for both functions. Source: see averages.py.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count = zeros((), dtype="int64")
        self.register_buffer("n_averaged", count if device is None else count.to(device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Takes the present parameters of `model` into the averages; the first time, copies."""
        ours: list[Tensor] = list(self.module.parameters())
        theirs: list[Tensor] = list(model.parameters())
        if self.use_buffers:
            ours, theirs = [*ours, *self.module.buffers()], [*theirs, *model.buffers()]
        if len(ours) != len(theirs):
            raise ValueError(
                f"AveragedModel: the model has {len(theirs)} tensors (this average has {len(ours)})"
                "; give the model that it was made from"
            )
        theirs = [p.detach().to(a.device) for a, p in zip(ours, theirs, strict=True)]
        if int(self.n_averaged) == 0:
            _copy(ours, theirs)
        elif self.multi_avg_fn is not None:
            self._average_lists(self.multi_avg_fn, ours, theirs)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for a, p in zip(ours, theirs, strict=True):
                a.detach().copy_(average(a.detach(), p, self.n_averaged.to(a.device)))
        if not self.use_buffers:
            _copy(self.module.buffers(), model.buffers())
        self.n_averaged.add_(1)

    def _average_lists(self, average: Averages, ours: list[Tensor], theirs: list[Tensor]) -> None:
        """The function gets lists of one device and dtype each."""
        lists: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for a, p in zip(ours, theirs, strict=True):
            averages, currents = lists.setdefault((str(a.device), a.dtype), ([], []))
            averages.append(a.detach())
            currents.append(p)
        for averages, currents in lists.values():
            average(averages, currents, self.n_averaged.to(averages[0].device))


def _copy(targets: Iterable[Tensor], sources: Iterable[Tensor]) -> None:
    for target, source in zip(targets, sources, strict=True):
        target.detach().copy_(source.detach().to(target.device))


@no_grad()
def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Computes the running statistics of all batch-norm layers anew, over one pass of the data.

    Averaged parameters need statistics of their own. loader: batches, or lists and tuples that
    begin with one; device: where to put them. The statistics become means over all batches.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, _BATCH_NORMS)]
    if not layers:
        return
    momenta, was_training = [layer.momentum for layer in layers], model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for batch in loader:
        x = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(x if device is None else x.to(device))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(was_training)
