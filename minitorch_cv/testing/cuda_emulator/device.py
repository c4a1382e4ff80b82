"""A stand-in for the device "cuda": the strict fake device's arrays, and kernels on the emulator.

    with emulated_cuda():
        y = F.max_pool2d(x.cuda(), 2)      # runs kernels/cuda/pool/max_pool.cu

What the engine does with CuPy arrays it does here with FakeArrays: the same look-ups, the same
kernels, the same refusals, so that a leak from device to host shows on any machine. Fresh memory is
filled with NaN (or −1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...backend.cuda_kernels import Device, Dims, Signature, Source, register, unregister
from ...backend.library import ArrayLibrary, register_library, unregister_library
from ..fake_device import FakeArray, FakeCounters, FakeNamespace, fake_device
from .emulator import Emulated

_built: dict[str, Emulated] = {}


def emulated(source: Source) -> Emulated:
    """The kernels of a file, compiled once in a process."""
    if source.hash not in _built:
        _built[source.hash] = Emulated(source)
    return _built[source.hash]


class EmulatedDevice(Device):
    """Launches on FakeArrays. order: as in Emulated.launch; launched: the kernels that ran."""

    name = "cuda"
    array_type = FakeArray
    namespace = FakeNamespace()

    def __init__(self, order: str = "forward") -> None:
        self.order = order
        self.launched: list[tuple[str, str]] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> FakeArray:
        inner = np.empty(shape, dtype)
        inner.reshape(-1).view(np.uint8)[...] = 0xFF
        return FakeArray(inner)

    def address(self, array: Any) -> int:
        return int(array.data.ptr)

    def place(self, array: Any) -> int:
        return 0

    def run(
        self, source: Source, signature: Signature, grid: Dims, block: Dims, args: Sequence[Any],
        shared: int,
    ) -> None:  # fmt: skip
        self.launched.append((source.path, signature.name))
        plain = [arg._inner if isinstance(arg, FakeArray) else arg for arg in args]
        emulated(source).run(signature, (*grid, *block), plain, shared, self.order)


class emulated_cuda(fake_device):  # noqa: N801 (a context manager, used like a function)
    """Inside the `with` block there is a device "cuda", whose kernels run on the emulator.

    order: as in Emulated.launch. The counters have the kernels that ran as `launched`.
    """

    def __init__(self, order: str = "forward") -> None:
        self.device = EmulatedDevice(order)

    def __enter__(self) -> FakeCounters:
        counters = super().__enter__()
        unregister_library(self.library)  # not under the name "fake"
        upload, download = self.library.from_numpy, self.library.to_numpy
        self.library = counters.library = ArrayLibrary(
            "cuda", self.device.namespace, FakeArray, upload, download, half_products=True
        )
        register_library(self.library)
        self.before = register(self.device)
        return counters

    def __exit__(self, *exc: object) -> None:
        unregister(self.device, self.before)
        super().__exit__(*exc)
