"""The update of all parameters of an optimizer on the GPU: updates.cu, one launch for each step.

The host's half of a step counts it and works out what all elements of a parameter share (learning
rates, bias corrections), with the compiled functions of kernels/cpu/optim, so that both devices
have the same numbers. It keeps two arrays on the device: the table of addresses, and these numbers.
An array is sent there only where it differs from what was sent last, and nobody waits for it. So
nothing crosses to the device while arrays lie where they lay and the numbers stay (SGD at one
learning rate); Adam's bias corrections change with each step, 80 bytes for each parameter.

In a CUDA graph. A recorded launch is repeated with the pointers that it was given, and so reads the
table and the numbers again, but nothing may be sent while it is recorded. There a step is made of
its parts: `reserve` and `start` are recorded, with a table and numbers of the graph's own, and
`fill`, the host's half, runs before each replay. So each replay has the learning rates and counts
of its moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...cpu.optim import (
    adadelta,
    adagrad,
    adam,
    adamax,
    asgd,
    nadam,
    radam,
    rmsprop,
    rprop,
    sgd,
)
from ...cpu.optim.rows import NUMBERS
from ..launch import THREADS, Source, blocks_for, device_of, launch

KERNELS = Source("optim/updates.cu")
CHUNK = 4096  # as in updates.cu


class Rule:
    """One rule's kernel.

    name: of the kernel, without _update. arrays: how many columns of the addresses are arrays on
    the device; those behind them are single numbers, which the host keeps.
    """

    def __init__(self, name: str, arrays: int, prepare: Callable[..., None]) -> None:
        self.name, self.arrays, self.prepare = name, arrays, prepare

    def update(
        self, addresses: np.ndarray, sizes: np.ndarray, groups: np.ndarray, options: np.ndarray,
        model: Any, kept: dict[str, Any],
    ) -> None:  # fmt: skip
        """One step. The first four as in kernels/cpu/optim/rows.py.

        model: an array on the device; kept: a dictionary, empty at first, for this kernel to keep
        things in from step to step.
        """
        self.fill(addresses, sizes, groups, options, model, kept)
        self.start(kept)

    def fill(
        self, addresses: np.ndarray, sizes: np.ndarray, groups: np.ndarray, options: np.ndarray,
        model: Any, kept: dict[str, Any],
    ) -> None:  # fmt: skip
        """The host's half: counts, and sends what is new."""
        numbers = np.zeros((len(sizes), NUMBERS))
        self.prepare(addresses, sizes, groups, options, numbers)
        self._size(sizes, kept)
        send_new(model, kept, "table", self._table(addresses, sizes))
        send_new(model, kept, "numbers", numbers)

    def reserve(self, sizes: np.ndarray, model: Any, kept: dict[str, Any]) -> None:
        """Room on the device for what `fill` sends."""
        gpu, rows = device_of(model), len(sizes)
        kept["table"] = None, gpu.reserve((rows, self.arrays + 2), np.uint64)
        kept["numbers"] = None, gpu.reserve((rows, NUMBERS), np.float64)
        self._size(sizes, kept)

    def start(self, kept: dict[str, Any]) -> None:
        """The launch: a block for each chunk."""
        rows, chunks = kept["size"]
        args = (kept["table"][1], kept["numbers"][1], rows)
        launch(KERNELS, f"{self.name}_update", blocks_for(chunks, 1), THREADS, args)

    def _size(self, sizes: np.ndarray, kept: dict[str, Any]) -> None:
        kept["size"] = len(sizes), int((-(-sizes // CHUNK)).sum())

    def _table(self, addresses: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """(rows, arrays + 2): addresses, size, chunks up to here."""
        chunks = np.cumsum(-(-sizes // CHUNK))
        parts = (addresses[:, : self.arrays], sizes[:, None], chunks[:, None])
        return np.concatenate(parts, axis=1).astype(np.uint64)


def send_new(model: Any, kept: dict[str, Any], name: str, host: np.ndarray) -> None:
    """Keeps (what was sent, where it lies) under a name; sends what is new, to the same place."""
    sent, there = kept.get(name, (None, None))
    if there is None or there.shape != host.shape:
        kept[name] = host, device_of(model).send(host, model)
    elif sent is None or not np.array_equal(sent, host):
        kept[name] = host, device_of(model).send(host, model, into=there)


ADADELTA = Rule("adadelta", 4, adadelta.prepare)
ADAGRAD = Rule("adagrad", 3, adagrad.prepare)
ADAM = Rule("adam", 5, adam.prepare)
ADAMAX = Rule("adamax", 4, adamax.prepare)
ASGD = Rule("asgd", 3, asgd.prepare)
NADAM = Rule("nadam", 4, nadam.prepare)
RADAM = Rule("radam", 4, radam.prepare)
RMSPROP = Rule("rmsprop", 5, rmsprop.prepare)
RPROP = Rule("rprop", 4, rprop.prepare)
SGD = Rule("sgd", 3, sgd.prepare)
