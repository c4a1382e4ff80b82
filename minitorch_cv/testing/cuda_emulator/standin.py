"""A stand-in for CuPy's runtime beside the emulated device: streams, graphs, memory, cuBLAS.

    with standin_cuda() as cuda:
        step = mt.cuda.graph(train_step)         # recorded and repeated as on a GPU

`mt.cuda` then finds a GPU, and what it asks of CuPy it asks of this module: so its code, and that
of the commands around it, runs before it meets its first GPU. Nothing is asynchronous; `Stream.log`
says what was put into which stream.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...backend.cuda import graphs, loading, products
from ...backend.cuda.namespace import Namespace
from ...backend.cuda_kernels import Source
from ...backend.library import ArrayLibrary, register_library
from ..fake_device import FakeArray, FakeCounters
from . import recorder
from .device import EmulatedDevice, emulated, emulated_cuda


class StandinError(RuntimeError):
    """CuPy's CUDARuntimeError: with a status."""

    status = 900


class Event:
    """A moment."""

    done = True

    def __init__(self, *_: Any, **__: Any) -> None:
        self.moment = 0.0

    def record(self, stream: Any = None) -> None:
        self.moment = time.perf_counter()

    def synchronize(self) -> None:
        """Everything has been done already."""


class Stream:
    """A queue that does at once what is put into it, or records it."""

    current: Stream
    log: list[str] = []
    upload: Callable[[int], Any]
    _count = 0

    def __init__(self, *_: Any, name: str = "", **__: Any) -> None:
        Stream._count += 1
        self.ptr = self.number = Stream._count
        self.name = name or f"stream {self.number}"
        self._outer: list[Stream] = []
        self._recorder: recorder.Recorder | None = None

    def __enter__(self) -> Stream:
        self._outer.append(Stream.current)
        Stream.current = self
        return self

    def __exit__(self, *exc: object) -> None:
        Stream.current = self._outer.pop()

    def is_capturing(self) -> bool:
        return self._recorder is not None

    def synchronize(self) -> None:
        if self.is_capturing():
            raise StandinError("cudaErrorStreamCaptureUnsupported")

    def record(self, event: Event | None = None) -> Event:
        Stream.log.append(f"{self.name} records")
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        Stream.log.append(f"{self.name} waits")

    def begin_capture(self, mode: Any = None) -> None:
        self._recorder = recorder.active = recorder.Recorder(Stream.upload)

    def end_capture(self) -> Graph:
        recorded, self._recorder, recorder.active = self._recorder, None, None
        assert recorded is not None
        return Graph(recorded)


class Graph:
    """What was captured."""

    def __init__(self, recorded: recorder.Recorder) -> None:
        self._recorded = recorded

    def launch(self, stream: Any = None) -> None:
        Stream.log.append("graph launches")
        self._recorded.replay()


class MemoryPool:
    """A pool that counts nothing but its limit."""

    __slots__ = ("_limit",)  # as with CuPy's, no weak references

    def __init__(self) -> None:
        self._limit = 0

    def malloc(self, size: int) -> Any:
        return size

    def used_bytes(self) -> int:
        return 0

    total_bytes = used_bytes

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        self._limit = int(fraction * _MEMORY) if fraction is not None else size or 0

    def get_limit(self) -> int:
        return self._limit

    def free_all_blocks(self) -> None:
        """Nothing is kept."""


_MEMORY = 16 << 30


class Cublas:
    """cublasGemmStridedBatchedEx on the memory that addresses name; other calls answer 0."""

    _KINDS = {0: np.float32, 1: np.float64, 2: np.float16, 14: np.uint16}  # the last: bfloat16

    def __getattr__(self, name: str) -> Callable[..., int]:
        return lambda *_: 0

    def cublasGemmStridedBatchedEx(self, *args: Any) -> int:  # noqa: N802
        call = functools.partial(self._multiply, *args)
        if recorder.active is None:
            call()
        else:
            recorder.active.note(call)
        return 0

    def _multiply(
        self, handle: Any, opa: int, opb: int, m: int, n: int, k: int, alpha: Any, A: Any,
        code: int, lda: int, step_a: Any, B: Any, _b: int, ldb: int, step_b: Any, beta: Any,
        C: Any, made: int, ldc: int, step_c: Any, batch: int, compute: int, algorithm: int,
    ) -> None:  # fmt: skip  # noqa: N803
        kind, result = np.dtype(self._KINDS[code]), np.dtype(self._KINDS[made])
        for place in range(batch):
            a, b, c = (
                _columns(address, place * step.value, leading, shape, dtype)
                for address, step, leading, shape, dtype in (
                    (A, step_a, lda, (k, m) if opa else (m, k), kind),
                    (B, step_b, ldb, (n, k) if opb else (k, n), kind),
                    (C, step_c, ldc, (m, n), result),
                )
            )  # fmt: skip
            if kind == np.uint16:
                a, b = ((v.astype(np.uint32) << 16).view(np.float32) for v in (a, b))
            c[...] = (a.T if opa else a) @ (b.T if opb else b)


def _columns(
    address: Any, offset: int, leading: int, shape: tuple[int, int], kind: np.dtype
) -> np.ndarray:
    """A column-major matrix at an address. Raises ValueError where columns would overlap."""
    rows, columns = shape
    if leading < max(1, rows):
        raise ValueError(f"cuBLAS: a leading dimension of {leading} for {rows} rows")
    size = leading * (columns - 1) + rows
    memory: Any = (ctypes.c_char * (size * kind.itemsize)).from_address(
        address.value + offset * kind.itemsize
    )
    flat = np.frombuffer(memory, kind, size)
    steps = (kind.itemsize, leading * kind.itemsize)
    return np.lib.stride_tricks.as_strided(flat, shape, steps)


class StandinCupy:
    """As much of the module `cupy` as the backend touches."""

    __version__ = "0 (stand-in)"
    ndarray = FakeArray

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace
        self._pool, self._pinned_pool = MemoryPool(), MemoryPool()
        self._pinned: list[np.ndarray] = []
        self.allocators: list[Any] = []  # of the open `using_allocator` blocks
        self.get_default_memory_pool = lambda: self._pool
        self.get_default_pinned_memory_pool = lambda: SimpleNamespace(
            malloc=self._new_pinned, free_all_blocks=lambda: None
        )
        self._allocate_pinned: Callable[[int], Any] = self._new_pinned
        Stream.upload = lambda size: self._allocate_pinned(size)
        properties = {"name": b"stand-in", "multiProcessorCount": 1, "major": 9, "minor": 0}
        runtime = SimpleNamespace(
            getDeviceCount=lambda: 1, getDevice=lambda: 0, memGetInfo=lambda: (_MEMORY, _MEMORY),
            getDeviceProperties=lambda index: properties, deviceSynchronize=lambda: None,
            driverGetVersion=lambda: 0, runtimeGetVersion=lambda: 0,
        )  # fmt: skip
        self.cuda = SimpleNamespace(
            runtime=runtime, is_available=lambda: True, Device=_Gpu, Stream=Stream, Event=Event,
            get_current_stream=lambda: Stream.current, MemoryPool=MemoryPool,
            get_elapsed_time=lambda a, b: (b.moment - a.moment) * 1e3,
            using_allocator=self._using,
            alloc_pinned_memory=lambda size: self._allocate_pinned(size),
            set_pinned_memory_allocator=self._set_pinned,
            pinned_memory=SimpleNamespace(is_memory_pinned=self._is_pinned),
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        return getattr(self._namespace, name)

    @contextlib.contextmanager
    def _using(self, allocator: Any) -> Iterator[None]:
        self.allocators.append(allocator)
        try:
            yield
        finally:
            self.allocators.pop()

    def _set_pinned(self, allocator: Callable[[int], Any]) -> None:
        self._allocate_pinned = allocator

    def _new_pinned(self, size: int) -> np.ndarray:
        self._pinned.append(np.zeros(size, np.uint8))
        return self._pinned[-1]

    def _is_pinned(self, address: int) -> bool:
        starts = ((block.ctypes.data, block.nbytes) for block in self._pinned)
        return any(start <= address < start + size for start, size in starts)


class _Gpu(contextlib.nullcontext):
    """The one GPU that there is."""

    cublas_handle = 0

    def __init__(self, index: int = 0) -> None:
        super().__init__()


class _Device(EmulatedDevice):
    cupy: Any

    def is_capturing(self) -> bool:
        return Stream.current.is_capturing()

    def empty(self, shape: tuple[int, ...], dtype: Any) -> FakeArray:
        array = super().empty(shape, dtype)
        return array if recorder.active is None else recorder.active.made(array)

    def reserve(self, shape: tuple[int, ...], dtype: Any) -> FakeArray:
        return super().empty(shape, dtype)

    def products(self, beside: Any) -> Any:
        """Of bfloat16, by the stand-in for cuBLAS."""
        return products.bfloat16_products(self.cupy, self.place(beside))

    def prepare(self, source: Source) -> None:
        """Compiles a file for the emulator."""
        emulated(source)


class standin_cuda(emulated_cuda):  # noqa: N801 (a context manager, used like a function)
    """Inside the `with` block `mt.cuda` finds a GPU: the emulated one, with a stand-in for CuPy."""

    def __init__(self, order: str = "forward") -> None:
        super().__init__(order)
        self.device = _Device(order)
        self.cupy = self.device.cupy = StandinCupy(self.device.namespace)

    def __enter__(self) -> FakeCounters:
        counters = super().__enter__()
        Stream.current, Stream.log = Stream(name="main"), []
        self._watch = recorder.recording()
        self._watch.__enter__()
        old = self.library
        self.library = counters.library = ArrayLibrary(
            "cuda", Namespace(self.cupy), FakeArray,
            functools.partial(loading._from_numpy, self.cupy), old.to_numpy,
        )  # fmt: skip
        register_library(self.library)
        self._before_standin = loading._import_cupy, graphs.load_cublas
        loading._import_cupy = lambda: self.cupy
        graphs.load_cublas = products.load_cublas = lambda cupy: Cublas()
        return counters

    def __exit__(self, *exc: object) -> None:
        loading._import_cupy, graphs.load_cublas = self._before_standin
        products.load_cublas = graphs.load_cublas
        products._kept.clear()
        self._watch.__exit__()
        super().__exit__(*exc)
