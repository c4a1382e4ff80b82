"""Two GPUs for the stand-in: each array lies on one of them, and one of them is the current one.

    with two_gpus():
        y = model.to("cuda:1")(x.to("cuda:1"))     # while cuda:0 is the current one

As with CuPy, what is computed lies on the current GPU. Arrays of the other one may be looked at and
read; computing with them is an error, as it is between GPUs that do not reach each other's memory.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...backend.cuda import loading
from ..fake_device import FakeArray, FakeCounters, _Function
from .device import EmulatedDevice
from .recorder import _READS, _found
from .standin import StandinError, Stream, standin_cuda

_CHANGES = ("__setitem__", "fill", "sort")  # and the operators in place


class Places:
    """Memory → the number of its GPU. current: the GPU on which work is done."""

    count = 2

    def __init__(self) -> None:
        self.current = 0
        self._known: dict[int, int] = {}

    def of(self, array: FakeArray) -> int:
        return self._known.get(_memory(array), 0)

    def made(self, array: FakeArray) -> FakeArray:
        """Notes that an array lies on the current GPU."""
        self._known[_memory(array)] = self.current
        return array

    @contextlib.contextmanager
    def at(self, index: int) -> Iterator[None]:
        before, self.current = self.current, index
        try:
            yield
        finally:
            self.current = before

    def judge(self, arrays: list[FakeArray]) -> None:
        for array in arrays:
            if self.of(array) != self.current:
                raise ValueError(
                    "Array device must be same as the current device: array device = "
                    f"{self.of(array)} while current = {self.current}"
                )


def _memory(array: FakeArray) -> int:
    """Where the memory begins that an array looks at."""
    root = array._inner
    while isinstance(root.base, np.ndarray):
        root = root.base
    return int(root.__array_interface__["data"][0])


def _on_a_gpu(places: Places, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that makes or changes arrays does so on the current GPU; views lie where they lay."""
    changes = name in _CHANGES or (name.startswith("__i") and name != "__invert__")

    @functools.wraps(call)
    def run(*args: Any, **kwargs: Any) -> Any:
        given = list(_found((args, kwargs), FakeArray))
        result = call(*args, **kwargs)
        fresh = [
            made
            for made in _found(result, FakeArray)
            if not any(np.may_share_memory(made._inner, other._inner) for other in given)
        ]
        if fresh or changes:
            places.judge(given)
        for array in fresh:
            places.made(array)
        return result

    return run


class two_gpus(standin_cuda):  # noqa: N801 (a context manager, used like a function)
    """Inside the `with` block there are "cuda:0" and "cuda:1". places: who lies where."""

    def __enter__(self) -> FakeCounters:
        counters = super().__enter__()
        self.places = places = Places()
        self._patched: list[tuple[Any, str, Any]] = []
        for name, value in list(vars(FakeArray).items()):
            hidden = name in ("__init__", "__repr__", "__array__", "__len__", "__iter__")
            if callable(value) and not hidden and name not in _READS:
                self._replace(FakeArray, name, _on_a_gpu(places, name, value))
        self._replace(_Function, "__call__", _on_a_gpu(places, "", _Function.__call__))
        device = property(lambda array: SimpleNamespace(id=places.of(array)))
        self._replace(FakeArray, "device", device)
        empty = EmulatedDevice.empty
        self._replace(EmulatedDevice, "empty", lambda *given: places.made(empty(*given)))
        self._replace(EmulatedDevice, "place", lambda gpu, array: places.of(array))
        self._replace(EmulatedDevice, "send", _send_beside(places, EmulatedDevice.send))
        cuda = self.cupy.cuda
        cuda.Device, cuda.runtime.getDevice = places.at, lambda: places.current
        cuda.runtime.getDeviceCount = lambda: places.count
        cuda.Stream = _stream_on(places)
        self.library.count = functools.partial(loading._count, self.cupy)
        self.library.index_of = lambda array: array.device.id
        self.library.beside = functools.partial(loading._beside, self.cupy)
        return counters

    def _replace(self, kind: type, name: str, value: Any) -> None:
        self._patched.append((kind, name, vars(kind).get(name)))
        setattr(kind, name, value)

    def __exit__(self, *exc: object) -> None:
        for kind, name, value in reversed(self._patched):
            if value is None:
                delattr(kind, name)
            else:
                setattr(kind, name, value)
        super().__exit__(*exc)


def _stream_on(places: Places) -> type[Stream]:
    """Streams belong to the GPU that was the current one when they were made."""

    class StreamOfAGpu(Stream):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.place = places.current

        def __enter__(self) -> Stream:
            if places.current != self.place:
                raise StandinError(f"a stream of GPU {self.place} on GPU {places.current}")
            return super().__enter__()

    return StreamOfAGpu


def _send_beside(places: Places, send: Callable[..., Any]) -> Callable[..., Any]:
    def run(gpu: Any, host: Any, beside: Any, into: Any = None) -> Any:
        with places.at(places.of(beside)):
            return send(gpu, host, beside, into)

    return run
