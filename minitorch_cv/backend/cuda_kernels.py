"""CUDA kernels on CuPy arrays: compiled by NVRTC when first launched, and kept.

`cuda.load_cuda` registers this device with kernels/cuda/launch.py, which has looked at a launch's
arguments before they come here. A module is kept for each GPU in this process, and what NVRTC made
of a text on disk (cuda/compiling.py).
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels.cuda import launch
from ..kernels.cuda.launch import HERE, Device, Source, register, three, unregister
from ..kernels.cuda.packed.array import Packed
from ..kernels.cuda.signature import Dims, Signature
from . import capturing
from .cuda.compiling import load_module
from .cuda.products import current_gpu
from .device import to_numpy
from .library import ArrayLibrary, beside, library_of, register_form

# What another device for the kernels, such as testing's emulator, is made of.
__all__ = [
    "HERE", "CupyDevice", "Device", "Dims", "Signature", "Source", "all_sources",
    "device_named", "register", "three", "unregister",
]  # fmt: skip


# Packed images have no functions of their own, so that none is called by mistake.
register_form(
    ArrayLibrary(
        "cuda", None, Packed, lambda array, index=0: array,
        to_numpy=lambda packed: to_numpy(packed.plain()),
        index_of=lambda packed: library_of(packed.bits).index_of(packed.bits),  # type: ignore[union-attr]
        beside=lambda packed: beside(packed.bits), plain=Packed.plain,
    )
)  # fmt: skip


def device_named(name: str) -> Any:
    """The device that kernels run on. RuntimeError where none is registered."""
    for device in launch._devices.values():
        if device.name == name:
            return device
    raise RuntimeError(f"no device {name!r} runs CUDA kernels; install the package")


def all_sources() -> list[Source]:
    """Every .cu file that there is."""
    return [Source(file.relative_to(HERE).as_posix()) for file in sorted(HERE.rglob("*.cu"))]


def _to_terminal(line: str) -> None:
    """Tells people, not logs."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(line)


class CupyDevice(Device):
    """Launches on CuPy arrays, on the current stream. tell: is given the line while compiling."""

    name = "cuda"

    def __init__(self, cupy: Any, tell: Callable[[str], None] = _to_terminal) -> None:
        self.namespace = cupy
        self.array_type = cupy.ndarray
        self._tell = tell
        self._functions: dict[tuple[str, str, int], Any] = {}  # (hash, kernel, GPU) → function

    @functools.cached_property
    def convolutions(self) -> Any:
        """NVIDIA's own, where they are installed; looked for when the first one is asked for."""
        from . import cudnn

        return cudnn.load(self)

    def products(self, beside: Any) -> Any:
        """cuBLAS's, where it is found and the GPU has units for them."""
        from .cuda.products import bfloat16_products

        return bfloat16_products(self.namespace, self.place(beside))

    def reserve(self, shape: tuple[int, ...], dtype: Any) -> Any:
        cuda, pool = self.namespace.cuda, self.namespace.get_default_memory_pool()
        with cuda.using_allocator(pool.malloc):  # not that of a graph
            return self.empty(shape, dtype)

    def hold(self, arrays: Sequence[Any]) -> None:
        if capturing.current is not None:
            capturing.current.held.extend(arrays)

    def address(self, array: Any) -> int:
        return int(array.data.ptr)

    def place(self, array: Any) -> int:
        return int(array.device.id)

    def send(self, host: Any, beside: Any, into: Any = None) -> Any:
        with self.namespace.cuda.Device(self.place(beside)):
            return super().send(host, beside, into)

    def run(
        self, source: Source, signature: Signature, grid: Dims, block: Dims, args: Sequence[Any],
        shared: int,
    ) -> None:  # fmt: skip
        cupy = self.namespace
        index = next(arg for arg in args if isinstance(arg, self.array_type)).device.id
        # A null pointer: eight bytes of 0.
        given = tuple(np.uint64(0) if arg is None else arg for arg in args)
        with current_gpu(cupy, index):
            self.function(source, signature.name, index)(grid, block, given, shared_mem=shared)

    def function(self, source: Source, name: str, index: int) -> Any:
        """A compiled kernel; all kernels of its file are compiled with it."""
        key = (source.hash, name, index)
        if key not in self._functions:
            self._compile(source, index)
        return self._functions[key]

    def prepare(self, source: Source) -> None:
        """Compiles a file for the current GPU, unless it is there."""
        for name in source.kernels:
            self.function(source, name, self.namespace.cuda.runtime.getDevice())

    def _compile(self, source: Source, index: int) -> None:
        self._tell(f"minitorch_cv: compiling {source.path} … ")
        start = time.perf_counter()
        module = load_module(self.namespace, source.text)
        for name in source.kernels:
            self._functions[source.hash, name, index] = module.get_function(name)
        self._tell(f"{time.perf_counter() - start:.1f} s\n")
