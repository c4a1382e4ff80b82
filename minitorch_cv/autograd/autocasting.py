"""`autocast`: mixed precision, 16 bits where they pay and float32 where it is needed.

    scaler = mt.amp.GradScaler("cuda")
    with mt.autocast("cuda"):
        loss = criterion(model(x), labels)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()

Parameters stay float32. Inside, an op of ops/autocast.py's lists has its inputs cast on their way
in: products take float16, losses, norms and sums float32. A cast is an op like any other, so that
its gradient comes back in float32. Gradients have the dtypes of the forward pass, wherever
`backward` is called. float16 ends at 65504 and at 6e-8: small gradients would vanish, which is what
the scaler is for.

    with mt.autocast("cuda", dtype=mt.bfloat16):  # needs no scaler: it has the range of float32
        loss = criterion(model(x), labels)

There are no arrays of bfloat16. With it products are replaced by ops that round their inputs, their
outputs and the gradients to it (ops/bfloat16.py), and tensors say float32. Their memory is halved
on a GPU with cuDNN alone, between convolutions (docs/gpu.md).

`apply` asks for the rule only while some thread is inside an autocast block (`tape.casting`).

Source: P. Micikevicius et al., "Mixed precision training", ICLR 2018. Verified with
`torch.autocast` by the parity tests.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from ..backend.dtypes import as_dtype, bfloat16, float16, float32, is_bfloat16
from ..backend.library import library_named, library_of
from ..ops.autocast import FLOAT32, LOWER
from ..ops.bfloat16 import rounded
from ..ops.elementwise.cast import CONVERT
from . import tape
from .modes import state

F = TypeVar("F", bound=Callable[..., Any])
_lock = threading.Lock()
_open = 0  # blocks that somebody is inside of, in all threads


class _Cache(threading.local):
    """Parameters as float16, each cast once in a block: id → (tensor, its array, version, cast)."""

    depth = 0

    def __init__(self) -> None:
        self.casts: dict[int, tuple[Any, Any, int, Any]] = {}


_cache = _Cache()


class autocast:  # noqa: N801 (PyTorch's name)
    """Inside the `with` block (or the decorated function) ops choose their precision.

    device_type: "cuda" or "cpu": the tensors that are meant. dtype: mt.float16, or mt.bfloat16
        ("bfloat16"), whose tensors say float32 and hold rounded numbers. (PyTorch's on the CPU is
        bfloat16 where nothing is said, ours float16.)
    enabled: False switches it off inside another block. cache_enabled: is a parameter cast once in
        a block, and not each time that it is used? A changed parameter is cast anew.
    Without a GPU, "cuda" warns and does nothing, as in PyTorch. On the CPU neither saves time:
    products are computed in float32 and rounded, which is for tests.
    Raises TypeError for another dtype or a device_type that is no name, ValueError for a device
    that does not exist.
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:  # fmt: skip
        self.device = _judge_device(device_type)
        self.fast_dtype = _judge_dtype(dtype)
        if enabled and not is_autocast_available(device_type):
            warnings.warn(
                f"autocast: {device_type} is not available on this machine, so nothing is cast; "
                'use autocast("cpu"), or enabled=False',
                stacklevel=2,
            )
            enabled = False
        self.enabled = bool(enabled)
        self.cached = True if cache_enabled is None else bool(cache_enabled)
        self._before: list[Any] = []

    def __enter__(self) -> autocast:
        self._before.append(state.autocast)
        inner = {k: v for k, v in (state.autocast or {}).items() if k != self.device}
        if self.enabled:
            inner[self.device] = self.fast_dtype, self.cached
        state.autocast = inner or None
        _cache.depth += 1
        _count(1)
        return self

    def __exit__(self, *exc: object) -> None:
        state.autocast = self._before.pop()
        _cache.depth -= 1
        if _cache.depth == 0:
            clear_autocast_cache()
        _count(-1)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Is this line inside an autocast block for the device?"""
    return _judge_device(device_type) in (state.autocast or {})


def is_autocast_available(device_type: str) -> bool:
    """Is there such a device?"""
    if library_named(_judge_device(device_type)) is not None:
        return True
    from ..backend.cuda import is_available

    return is_available()


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype of products inside autocast: mt.float16, or the word mt.bfloat16."""
    return (state.autocast or {}).get(_judge_device(device_type), (float16, True))[0]


def clear_autocast_cache() -> None:
    """Forgets the casts of parameters; the end of the outermost block does it, too."""
    _cache.casts.clear()


def _judge_device(device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise TypeError(
            f"autocast: device_type is a name (got {device_type!r}); use 'cuda' or 'cpu'"
        )
    if device_type not in ("cpu", "cuda") and library_named(device_type) is None:
        raise ValueError(
            f"autocast: no such device_type (got {device_type!r}); use 'cuda' or 'cpu', without "
            "a number"
        )
    return device_type


def _judge_dtype(dtype: Any) -> Any:
    if dtype is None:
        return float16
    if is_bfloat16(dtype):
        return bfloat16
    if as_dtype(dtype) != float16:
        raise TypeError(
            f"autocast: dtype is float16 or bfloat16 (got {as_dtype(dtype)}); use dtype=mt.float16 "
            "or mt.bfloat16, or enabled=False to compute as without autocast"
        )
    return float16


def _count(by: int) -> None:
    """Asks `apply` to cast while anybody is inside a block."""
    global _open
    with _lock:
        _open += by
        tape.casting = _cast if _open else None


def _cast(op: Any, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The op that runs in its place, and the inputs as it wants them."""
    if not state.autocast:
        return op, inputs
    if op.name in FLOAT32:
        return op, tuple(map(_widen, inputs))
    if op.name not in LOWER:
        return op, inputs
    if any((_active(value) or (None,))[0] is bfloat16 for value in inputs):
        inputs = tuple(map(_widen, inputs))
        dtypes = {value.dtype for value in inputs if isinstance(value, tape.TENSOR)}
        return (rounded(op) if dtypes == {float32} else op), inputs
    return op, tuple(map(_lower, inputs))


def _active(value: Any) -> Any:
    """(dtype, cached) of the device on which a Tensor lies; None: leave it alone."""
    if not isinstance(value, tape.TENSOR):
        return None
    library = library_of(value.array if value._packed is None else value._packed)
    return None if library is None else state.autocast.get(library.name)


def _widen(value: Any) -> Any:
    if _active(value) is None or value.dtype != float16:
        return value
    return tape.apply(CONVERT, value, dtype=float32)


def _lower(value: Any) -> Any:
    active = _active(value)
    if active is None or value.dtype != float32:
        return value
    dtype, cached = active
    if not (cached and value._requires_grad and value._node is None and state.recording):
        return tape.apply(CONVERT, value, dtype=dtype)
    found = _cache.casts.get(id(value))
    if found is None or not _is_current(value, *found):
        cast = tape.apply(CONVERT, value, dtype=dtype)
        found = _cache.casts[id(value)] = value, value.array, value._version.value, cast
    return found[3]


def _is_current(value: Any, owner: Any, array: Any, version: int, cast: Any) -> bool:
    """Is a cast still that of the value, and not yet used up by a backward?"""
    same = owner is value and array is value.array and version == value._version.value
    return same and cast._node is not None and not cast._node.freed
