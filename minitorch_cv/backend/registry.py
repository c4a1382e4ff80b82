"""The kernel registry: which fast kernel, if any, takes over for an op on a device.

A kernel is a module below `minitorch_cv.kernels.<device>`, or an object in one; the table KERNELS
of that package says where, and it is imported when the op first runs. It has

    supports(*arrays, **params) -> bool         are these arguments ones it was written for?
    forward(*arrays, **params) -> (y, fields)   the op's output, and its `Saved`, field by field
    backward(gy, saved, needs) -> grads         optional; else the reference's backward runs, and
                                                where it answers NotImplemented
    DTYPES                                      optional: of which gy; float32 alone without it

and returns what the reference returns within the op's stated tolerance. Nothing else in the
project branches on speed.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .threads import hold_kernels_blas

_MODES = ("fast", "reference")
_mode = "fast"
_loaded: dict[tuple[str, str], Any] = {}


class use_kernels:  # noqa: N801 (a context manager, used like a function)
    """Chooses the path from here on, or inside a `with` block: "fast" or "reference".

    winograd: may 3 × 3 convolutions take Winograd's way? It is faster, and its float32 results are
    within 5e-5 of the exact ones instead of 1e-5. What is left out stays as it is.
    Raises ValueError for another mode.
    """

    def __init__(self, mode: str | None = None, *, winograd: bool | None = None) -> None:
        global _mode
        if mode is not None and mode not in _MODES:
            raise ValueError(f"use_kernels: no such mode (got {mode!r}); use 'fast' or 'reference'")
        self.previous = _mode
        _mode = mode or _mode
        self.winograd = None if winograd is None else _allow_winograd(winograd)

    def __enter__(self) -> use_kernels:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _mode
        _mode = self.previous
        if self.winograd is not None:
            _allow_winograd(self.winograd)


def _allow_winograd(allowed: bool) -> bool:
    """Sets what kernels read; returns what it was. A bare checkout has no kernels to tell."""
    try:
        from ..kernels import options
    except ImportError:
        return True
    before, options.winograd = options.winograd, allowed
    return before


def kernels_in_use() -> str:
    """The mode in force: "fast" or "reference"."""
    return _mode


def find_kernel(op: str, device: str) -> Any:
    """The kernel of an op on a device; None in reference mode or where there is none."""
    if _mode == "reference":
        return None
    key = (op, device)
    if key not in _loaded:
        _loaded[key] = _load(op, device)
    return _loaded[key]


def kernel_path(op: str, device: str) -> str | None:
    """The name of the kernel of an op on a device, without loading it; None without one."""
    if device not in ("cpu", "cuda", "cuda.packed"):
        return None
    package = f"minitorch_cv.kernels.{device}"
    try:
        place = importlib.import_module(package).KERNELS.get(op)
    except ModuleNotFoundError:  # run from a bare checkout
        return None
    return None if place is None else f"{package}.{place}"


def _load(op: str, device: str) -> Any:
    """Imports a kernel; where numba is missing, says so once and leaves the reference path."""
    path = kernel_path(op, device)
    if path is None:
        return None
    module, _, name = path.partition(":")
    try:
        kernel = importlib.import_module(module)
    except ImportError as error:
        _warn_once(str(error))
        return None
    if device == "cpu":
        hold_kernels_blas()
    return getattr(kernel, name) if name else kernel


def telling(tell: Callable[[str], None]) -> contextlib.AbstractContextManager[None]:
    """Inside the `with` block, `tell` is given the line that says that kernels are compiled."""
    try:
        from ..kernels import cache
    except ImportError:  # run from a bare checkout
        return contextlib.nullcontext()
    return cache.telling(tell)


_warned: set[str] = set()


def _warn_once(reason: str) -> None:
    if reason not in _warned:
        _warned.add(reason)
        warnings.warn(
            f"minitorch_cv: fast kernels are off ({reason}); the reference path runs instead",
            stacklevel=2,
        )
