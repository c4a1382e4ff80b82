"""How a kernel is launched: on the device that its arrays lie on, after a look at its arguments.

    KERNELS = Source("conv/im2col.cu")
    launch(KERNELS, "im2col", grid, block, (x, cols, …))

A device is registered under the type of its arrays: CuPy's by `backend.cuda_kernels`, the emulator,
which runs the same text on the CPU, by `testing.cuda_emulator`. Nothing here knows either of them.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .signature import Dims, Signature, signatures

HERE = Path(__file__).parent
THREADS = 256  # in a block, where nothing speaks for another number
MOST_BLOCKS = 65535  # in a grid; loops with the stride of the grid do what is left
_COMMON = '#include "../common.cuh"\n'


class Device:
    """What kernels ask of a device.

    name: for messages; array_type: what its arrays are; namespace: its functions, named as NumPy's.
    address(array), place(array): where its memory begins, and the number of the device it lies on.
    run(source, signature, grid, block, args, shared): launches; every number has its exact type.
    convolutions: a library that solves them (conv/problem.py), or None.
    products(beside): multiplies matrices of bfloat16 (linalg/bfloat16.py) where `beside` lies, or
    None.
    """

    name: str
    array_type: type
    namespace: Any
    convolutions: Any = None

    def products(self, beside: Any) -> Any:  # noqa: ARG002
        return None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array whose numbers are yet to be written."""
        return self.namespace.empty(shape, dtype=dtype)

    def reserve(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """As `empty`, for what the host fills before each replay of a recorded step.

        Its memory belongs to nothing else: in memory from the pool of the step, earlier results of
        each replay would come to lie on what the host has written.
        """
        return self.empty(shape, dtype)

    def hold(self, arrays: Sequence[Any]) -> None:
        """A step that is being recorded needs these arrays as long as it can be replayed."""

    def send(self, host: Any, beside: Any, into: Any = None) -> Any:
        """A NumPy array copied to where `beside` lies, or into an array there. Nobody waits."""
        sent = self.namespace.asarray(host)
        if into is None:
            return sent
        into[...] = sent
        return into

    def address(self, array: Any) -> int:
        raise NotImplementedError

    def place(self, array: Any) -> int:
        raise NotImplementedError

    def run(
        self, source: Source, signature: Signature, grid: Dims, block: Dims, args: Sequence[Any],
        shared: int,
    ) -> None:  # fmt: skip
        raise NotImplementedError


class Source:
    """One .cu file, with common.cuh pasted in: a compiler's cache does not see what is included.

    path: below this package. text: in place of the file.
    """

    def __init__(self, path: str, text: str | None = None) -> None:
        self.path, self._given = path, text

    def __repr__(self) -> str:
        return f"Source({self.path!r})"

    @cached_property
    def text(self) -> str:
        """What is compiled; lines keep the numbers that they have in their files."""
        own = self._given
        if own is None:
            own = (HERE / self.path).read_text(encoding="utf-8")
        before, include, after = own.partition(_COMMON)
        if not include:
            return own
        common = (HERE / "common.cuh").read_text(encoding="utf-8")
        line = before.count("\n") + 2
        return f'{before}#line 1 "common.cuh"\n{common}\n#line {line} "{self.path}"\n{after}'

    @cached_property
    def kernels(self) -> dict[str, Signature]:
        """Name → head of each kernel in the file."""
        return signatures(self.text)

    @cached_property
    def hash(self) -> str:
        """Changes with the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


_devices: dict[type, Device] = {}
_checking = True


def register(device: Device) -> Device | None:
    """Makes a device known by the type of its arrays; returns the one that was known by it."""
    before = _devices.get(device.array_type)
    _devices[device.array_type] = device
    return before


def unregister(device: Device, before: Device | None = None) -> None:
    """Forgets a device, and takes back the one before it."""
    _devices.pop(device.array_type, None)
    if before is not None:
        _devices[before.array_type] = before


def device_of(array: Any) -> Device:
    """The device that an array lies on. Raises TypeError where none is registered for it."""
    try:
        return _devices[type(array)]
    except KeyError:
        raise TypeError(
            f"no device runs CUDA kernels on {type(array).__name__}; use .cuda()"
        ) from None


def is_on_device(*arrays: Any) -> bool:
    """Can kernels run on all of these (None counts as one that they can)?"""
    return all(array is None or type(array) in _devices for array in arrays)


def contiguous(*arrays: Any) -> list[Any]:
    """The arrays as kernels read them, copied where they are not; None stays None."""
    return [None if a is None else device_of(a).namespace.ascontiguousarray(a) for a in arrays]


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Inside the `with` block launches are not checked, which saves some 20 µs each."""
    global _checking
    before, _checking = _checking, False
    try:
        yield
    finally:
        _checking = before


def launch(
    source: Source, name: str, grid: int | Sequence[int], block: int | Sequence[int],
    args: Sequence[Any], shared: int = 0,
) -> None:  # fmt: skip
    """Runs kernel `name` of a file. grid, block: sizes along x, y, z; shared: bytes, dynamic.

    Raises TypeError or ValueError where the arguments are not those of the kernel's head.
    """
    signature = source.kernels[name]
    device = _devices.get(next((type(a) for a in args if type(a) in _devices), object))
    if device is None:
        raise TypeError(f"{name}: no argument is an array on a device that runs CUDA kernels")
    blocks, threads = three(grid), three(block)
    if _checking:
        signature.check(device, blocks, threads, args)
    device.run(source, signature, blocks, threads, signature.cast(args), shared)


def three(sizes: int | Sequence[int]) -> Dims:
    """(x, y, z); 1 where nothing is said."""
    given = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    x, y, z = (*given, 1, 1, 1)[:3]
    return x, y, z


def blocks_for(elements: int, threads: int = THREADS) -> int:
    """How many blocks give each element a thread of its own, or as many as there may be."""
    return max(1, min(-(-elements // threads), MOST_BLOCKS))
