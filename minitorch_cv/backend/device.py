"""Devices by name: `device("cuda:1")`, and moving arrays between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .late import raise_late
from .library import Array, ArrayLibrary, library_named, library_of


class device:  # noqa: N801 (PyTorch's name)
    """Where an array lies: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`.

    type: "cpu" or "cuda"; index: which one, None for the current one. Inside `with device("cuda"):`
    it is the default device, as after `set_default_device`.
    Raises ValueError for a name that is no device. Nothing is probed here: whether the device
    exists is found out when an array is moved to it.
    """

    __slots__ = ("type", "index")
    type: str
    index: int | None

    def __init__(self, name: str | device, index: int | None = None) -> None:
        if isinstance(name, device):
            self.type, self.index = name.type, name.index
            return
        if not isinstance(name, str):
            raise TypeError(f"device: expects a name (got {name!r}); use 'cpu', 'cuda' or 'cuda:1'")
        kind, colon, number = name.partition(":")
        known = kind in ("cpu", "cuda") or library_named(kind) is not None
        if not known or (colon and not number.isdecimal()):
            raise ValueError(
                f"device: no such device (got {name!r}); use 'cpu', 'cuda' or 'cuda:1'"
            )
        if colon and index is not None:
            raise ValueError(f"device: the index is given twice (got {name!r} and {index})")
        self.type = kind
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return str(self) == other
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        _outer.append(_default)
        set_default_device(self)
        return self

    def __exit__(self, *exc: object) -> None:
        set_default_device(_outer.pop())


_default: device | None = None
_outer: list[device | None] = []  # the defaults around the open `with` blocks


def set_default_device(where: str | device | None) -> None:
    """Where new tensors lie from now on, unless device= says otherwise; None: on the CPU.

    PyTorch's `torch.set_default_device`, with its scope: zeros, rand, tensor, the parameters of new
    layers, …; not `from_numpy`, whose memory is NumPy's, nor what is computed from tensors.
    """
    global _default
    _default = None if where is None else device(where)


def get_default_device() -> device:
    """The device of new tensors (PyTorch: `torch.get_default_device`)."""
    return _CPU if _default is None else _default


def chosen_device(where: Any) -> Any:
    """The device asked for, else the default; None where neither says anything."""
    return _default if where is None else where


def library_for(where: device) -> ArrayLibrary:
    """The array library of a device, loaded on first use. Raises ValueError where there is none."""
    library = library_named(where.type)
    if library is None and where.type == "cuda":
        from .cuda import load_cuda, missing

        library = load_cuda()
        if library is None:
            raise ValueError(
                f"device: {where} is not available on this machine: {missing()}; or use "
                "device='cpu'"
            )
    if library is None:
        raise ValueError(f"device: {where} is not available on this machine; use device='cpu'")
    if where.index is not None and where.index >= library.count():
        raise ValueError(
            f"device: {where} does not exist (there are {library.count()} {where.type} devices)"
        )
    return library


def device_of(array: Array) -> device:
    """The device an array lies on. The CPU has no index, as in PyTorch."""
    library = library_of(array)
    if library is None or library.name == "cpu":
        return _CPU
    return device(library.name, library.index_of(array))


_CPU = device("cpu")


def together(op: str, **arrays: Any) -> None:
    """Raises TypeError where arrays lie on different devices: the op, who lies where, the remedy.

    Numbers and None lie nowhere.
    """
    known = {name: a for name, a in arrays.items() if library_of(a) is not None}
    places = {name: str(device_of(array)) for name, array in known.items()}
    if len(set(places.values())) > 1:
        first = next(iter(places.values()))
        odd = next(name for name, place in places.items() if place != first)
        raise TypeError(
            f"{op}: inputs lie on different devices (got "
            f"{', '.join(f'{name} on {place}' for name, place in places.items())}); "
            f"move {odd} with {odd}.to({first!r})"
        )


def to_device(array: Array, where: device) -> Array:
    """The array on another device; the array itself where it already lies there."""
    source = library_of(array)
    target = library_for(where)
    if source is target and where.index in (None, target.index_of(array)):
        return array
    host = to_numpy(array)
    return host if target.name == "cpu" else target.from_numpy(host, where.index or 0)


def to_numpy(array: Any) -> np.ndarray:
    """The array as a NumPy array on the host (no copy where it already is one)."""
    library = library_of(array)
    if library is None:
        return np.asarray(array)
    raise_late(array)
    return library.to_numpy(array)
