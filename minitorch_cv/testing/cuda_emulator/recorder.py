"""Stream capture for the stand-in: calls on FakeArrays written down, undone, and repeated.

What a stream does while it captures: nothing is computed, so that no array changes and results have
no values yet (NaN here). A replay repeats the calls on the same memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..fake_device import FakeArray, _Function, spoil
from .device import EmulatedDevice

_CALL = _Function.__call__
_READS = ("get", "item", "tolist", "__bool__", "__float__", "__int__", "__complex__")
_SYNC = "the current stream is capturing, so synchronous API calls are disallowed"


class Recorder:
    """The calls of one capture. upload(bytes): asked before NumPy's numbers go to the device."""

    def __init__(self, upload: Callable[[int], Any]) -> None:
        self._upload = upload
        self._calls: list[tuple[Callable[..., Any], Any, Any, list[FakeArray | None]]] = []
        self._made: list[FakeArray] = []
        self._inside = False

    def take(self, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Writes a call down; answers a result of the right shape, without values."""
        if self._inside:
            return call(*args, **kwargs)
        if _is_allocation(call, args):
            return self.made(call(*args, **kwargs))
        for host in _found((args, kwargs), np.ndarray):
            if host.ndim:
                self._upload(host.nbytes)
        given = list(_found((args, kwargs), FakeArray))
        before = [array._inner.copy() for array in given]
        self._inside = True
        try:
            result = call(*args, **kwargs)
        finally:
            self._inside = False
        for array, kept in zip(given, before, strict=True):
            if array._inner.flags.writeable:
                array._inner[...] = kept
        fresh: list[FakeArray | None] = []
        for array in _found(result, FakeArray):
            is_view = any(np.may_share_memory(array._inner, other._inner) for other in given)
            fresh.append(None if is_view else array)
            if not is_view:
                spoil(array._inner)
        self._calls.append((call, args, kwargs, fresh))
        return result

    def made(self, array: FakeArray) -> FakeArray:
        """Memory from the graph's pool. Other results of the step may have lain there before, so
        that a replay finds there what they left, whatever the host has written."""
        self._made.append(array)
        return array

    def note(self, call: Callable[[], None]) -> None:
        """Writes down a call that is repeated as it is and has no result."""
        self._calls.append((call, (), {}, []))

    def launches(self) -> int:
        """How many of the calls are work for a GPU. Looking at an array in another way is none."""
        made = (fresh for *_, fresh in self._calls)
        return sum(not fresh or any(array is not None for array in fresh) for fresh in made)

    def replay(self) -> None:
        """Repeats everything, in order, on the same memory."""
        for array in self._made:
            spoil(array._inner)
        for call, args, kwargs, fresh in self._calls:
            results = _found(call(*args, **kwargs), FakeArray)
            for ours, result in zip(fresh, results, strict=True):
                if ours is not None:
                    ours._inner[...] = result._inner


active: Recorder | None = None


def _is_allocation(call: Callable[..., Any], args: Any) -> bool:
    """No work on a GPU."""
    if call is _CALL:
        return args[0].__name__ in ("empty", "empty_like")
    return False


def _found(value: Any, kind: type) -> Iterator[Any]:
    """All arrays of a kind in nested tuples, lists and dictionaries."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _found(item, kind)
    elif isinstance(value, dict):
        yield from _found(tuple(value.values()), kind)


def _recorded(call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs) if active is None else active.take(call, args, kwargs)

    return run


def _noted(call: Callable[..., Any]) -> Callable[..., Any]:
    """For launches, which may change memory that no argument names."""

    def run(*args: Any) -> None:
        if active is None:
            call(*args)
        else:
            active.note(functools.partial(call, *args))

    return run


def _refused(call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        if active is not None:
            raise RuntimeError(_SYNC)
        return call(*args, **kwargs)

    return run


class recording:  # noqa: N801 (a context manager, used like a function)
    """Inside the `with` block an active Recorder sees all that is done with FakeArrays."""

    def __enter__(self) -> None:
        self._before: list[tuple[type, str, Any]] = []
        for name, value in list(vars(FakeArray).items()):
            if not callable(value) or name in ("__init__", "__repr__", "__array__", "__len__"):
                continue
            self._replace(FakeArray, name, _refused if name in _READS else _recorded)
        self._replace(_Function, "__call__", _recorded)
        self._replace(EmulatedDevice, "run", _noted)

    def _replace(self, kind: type, name: str, wrap: Any) -> None:
        call = vars(kind)[name]
        self._before.append((kind, name, call))
        setattr(kind, name, wrap(call))

    def __exit__(self, *exc: object) -> None:
        for kind, name, call in self._before:
            setattr(kind, name, call)
