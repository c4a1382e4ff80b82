"""Where the parts run: on the GPU, or, to rehearse the command itself, on the emulator."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitorch_cv.backend import cuda
from minitorch_cv.backend.cuda_kernels import device_named
from minitorch_cv.backend.library import ArrayLibrary, library_named


class Place(NamedTuple):
    """library: its arrays and transfers; device: what launches; cupy: the module; small: sizes."""

    library: ArrayLibrary
    device: Any
    cupy: Any
    small: bool


@contextlib.contextmanager
def opened(emulate: bool) -> Iterator[Place]:
    """The GPU, or the emulator with a stand-in for CuPy. Raises RuntimeError without a GPU."""
    with contextlib.ExitStack() as stack:
        if emulate:
            from minitorch_cv.testing.cuda_emulator.standin import standin_cuda

            stack.enter_context(standin_cuda())
        cupy = cuda.loading.cupy()
        cuda.load_cuda()
        library = library_named("cuda")
        assert library is not None
        yield Place(library, device_named("cuda"), cupy, emulate)


class Launch(NamedTuple):
    """One launch of a kernel: its file, its name, the bytes of its arrays, and two events."""

    file: str
    kernel: str
    bytes: int
    events: tuple[Any, Any] | None


@contextlib.contextmanager
def watched(place: Place, timed: bool = False) -> Iterator[list[Launch]]:
    """Notes every launch inside the `with` block; timed: with an event before and behind it."""
    device, found = place.device, []
    run = device.run

    def note(source: Any, signature: Any, grid: Any, block: Any, args: Any, shared: int) -> None:
        arrays = [a for a in args if isinstance(a, device.array_type)]
        count = sum(array.nbytes for array in arrays)
        events = None
        if timed:
            events = place.cupy.cuda.Event(), place.cupy.cuda.Event()
            events[0].record()
        run(source, signature, grid, block, args, shared)
        if events is not None:
            events[1].record()
        found.append(Launch(source.path, signature.name, count, events))

    device.run = note
    try:
        yield found
    finally:
        del device.run


def moved(value: Any, place: Place) -> Any:
    """The same structure with every NumPy array on the GPU."""
    if isinstance(value, np.ndarray):
        return place.library.from_numpy(value)
    if isinstance(value, dict):
        return {key: moved(item, place) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(moved(item, place) for item in value)
    return value


def plain(value: Any) -> Any:
    """What JSON can hold: NumPy's numbers as Python's, other things as text."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def with_packed_images(arrays: Sequence[Any]) -> tuple[Any, ...]:
    """The arrays, with images as convolutions in bfloat16 leave them."""
    from minitorch_cv.kernels.cuda.packed.array import packed

    return tuple(packed(a) if a is not None and a.ndim == 4 else a for a in arrays)
