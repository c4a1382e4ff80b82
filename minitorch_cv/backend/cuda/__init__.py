"""`mt.cuda`: the GPU, through CuPy. These are the only modules that import cupy, when asked to.

    if mt.cuda.is_available(): model.cuda()
    step = mt.cuda.graph(training_step)

Without CuPy or without a GPU every function but `is_available` and `device_count` raises
RuntimeError with the command that installs what is missing.
"""

from __future__ import annotations

from typing import Any

from .. import late
from .graphs import GraphedStep, graph
from .loading import compile_kernels, cupy, load_cuda, missing
from .memory import (
    empty_cache,
    memory_allocated,
    memory_reserved,
    memory_summary,
    set_memory_limit,
)
from .pinned import is_pinned, pin

__all__ = [
    "Event", "GraphedStep", "Stream", "compile_kernels", "current_stream", "device_count",
    "empty_cache", "get_device_name", "graph", "is_available", "is_pinned", "load_cuda",
    "memory_allocated", "memory_reserved", "memory_summary", "missing", "pin",
    "set_memory_limit", "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """True where CuPy is installed and finds a GPU (PyTorch: `torch.cuda.is_available`)."""
    return load_cuda() is not None


def device_count() -> int:
    """How many GPUs there are; 0 where there is no CuPy."""
    library = load_cuda()
    return 0 if library is None else int(library.count())


def get_device_name(index: int = 0) -> str:
    """What the maker calls a GPU."""
    name = cupy().cuda.runtime.getDeviceProperties(index)["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


def synchronize() -> None:
    """Waits until the current GPU has done all its work, on all streams.

    Raises what the judging of labels on that GPU has found (backend/late.py), as reading a value
    from it does.
    """
    runtime = cupy().cuda.runtime
    runtime.deviceSynchronize()
    late.raise_late_on("cuda", int(runtime.getDevice()))


def Stream(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 (CuPy's and PyTorch's name)
    """A queue of work (`cupy.cuda.Stream`); `with stream:` makes it the current one."""
    return cupy().cuda.Stream(*args, **kwargs)


def Event(*args: Any, **kwargs: Any) -> Any:  # noqa: N802
    """A mark in a stream (`cupy.cuda.Event`), to wait for or to measure time between."""
    return cupy().cuda.Event(*args, **kwargs)


def current_stream() -> Any:
    """The stream that work is put into now (`cupy.cuda.get_current_stream`)."""
    return cupy().cuda.get_current_stream()


def stream(queue: Any) -> Any:
    """`with stream(queue):` as `with queue:` (PyTorch's `torch.cuda.stream`)."""
    return queue
