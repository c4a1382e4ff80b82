"""New tensors: zeros, ones, arange, rand, … with PyTorch's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend.device import chosen_device
from ..backend.dtypes import as_dtype, get_default_dtype
from ..backend.random import Generator, default_generator
from .methods.shaping import shape_of
from .tape import new_tensor
from .tensor import Tensor


def _finish(array: np.ndarray, device: Any, requires_grad: bool) -> Tensor:
    out = new_tensor(array)
    where = chosen_device(device)
    if where is not None:
        out = out.to(where)
    out.requires_grad = requires_grad
    return out


def _dtype(dtype: Any) -> np.dtype[Any]:
    return get_default_dtype() if dtype is None else as_dtype(dtype)


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """A tensor of zeros."""
    return _finish(np.zeros(_size("zeros", size, named), _dtype(dtype)), device, requires_grad)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """A tensor of ones."""
    return _finish(np.ones(_size("ones", size, named), _dtype(dtype)), device, requires_grad)


def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """A tensor whose values are not set."""
    return _finish(np.empty(_size("empty", size, named), _dtype(dtype)), device, requires_grad)


def _size(op: str, size: tuple[Any, ...], named: dict[str, Any]) -> tuple[int, ...]:
    """The shape, given as one argument, as several or as size=…. Raises TypeError."""
    if not size and list(named) == ["size"]:
        return shape_of((named["size"],))
    if named:
        raise TypeError(f"{op}: there is no such argument (got {', '.join(named)})")
    return shape_of(size)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value; without a dtype, of the dtype that the value would have."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full: size is a tuple (got {size!r}); use ({size},)")
    if dtype is None:
        kind = np.asarray(getattr(fill_value, "array", fill_value)).dtype.kind
        dtype = {"b": np.bool_, "i": np.int64}.get(kind, get_default_dtype())
    out = _finish(np.empty(shape_of((size,)), as_dtype(dtype)), device, False)
    return out.fill_(fill_value).requires_grad_(requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from start to end (not included); integers unless one argument is a float."""
    if end is None:
        start, end = 0, start
    bounds = (start, end, step)
    if not all(isinstance(v, (bool, int, float, np.number)) for v in bounds):
        raise TypeError(f"arange: start, end and step are numbers (got {bounds})")
    if dtype is None:
        floats = any(isinstance(v, (float, np.floating)) for v in bounds)
        dtype = get_default_dtype() if floats else np.int64
    if as_dtype(dtype).kind != "f":
        start, end, step = map(int, bounds)
    if step == 0 or not (end - start) * step >= 0 or not math.isfinite(end - start):
        raise ValueError(f"arange: no step of {step} leads from {start} to {end}")
    return _finish(np.arange(start, end, step).astype(as_dtype(dtype)), device, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from start to end, both included, equally spaced."""
    return _finish(_spaced("linspace", start, end, steps, dtype), device, requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """base ** x for `steps` equally spaced x from start to end, both included."""
    powers = base ** _spaced("logspace", start, end, steps, np.float64)
    return _finish(powers.astype(_number_type("logspace", dtype)), device, requires_grad)


def _spaced(op: str, start: Any, end: Any, steps: int, dtype: Any) -> np.ndarray:
    return np.linspace(start, end, steps).astype(_number_type(op, dtype))


def _number_type(op: str, dtype: Any) -> np.dtype[Any]:
    if _dtype(dtype).kind == "b":
        raise TypeError(f"{op}: has no booleans; use another dtype")
    return _dtype(dtype)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The identity matrix (n, m)."""
    return _finish(np.eye(n, m, dtype=_dtype(dtype)), device, requires_grad)


def rand(
    *shape: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform random numbers in [0, 1)."""
    source = generator or default_generator
    return _finish(source.rand(shape_of(shape), _dtype(dtype)), device, requires_grad)


def randn(
    *shape: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal random numbers of mean 0 and variance 1."""
    source = generator or default_generator
    return _finish(source.randn(shape_of(shape), _dtype(dtype)), device, requires_grad)


def randint(
    low: int, high: Any, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Random integers in [low, high); `randint(high, size)` starts at 0."""
    if size is None:
        low, high, size = 0, low, high
    source = generator or default_generator
    kind = as_dtype(np.int64 if dtype is None else dtype)
    return _finish(source.randint(low, high, shape_of((size,)), kind), device, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, device: Any = None) -> Tensor:
    """The numbers 0 … n − 1 in random order."""
    return _finish((generator or default_generator).randperm(n), device, False)


def _options(op: str, x: Tensor, dtype: Any, device: Any, requires_grad: bool) -> dict[str, Any]:
    """Those of a tensor like x: its dtype and device where no others are wanted."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{op}: expects a Tensor (got {type(x).__name__}); use tensor()")
    return {
        "dtype": x.dtype if dtype is None else dtype,
        "device": x.device if device is None else device,
        "requires_grad": requires_grad,
    }


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False  # noqa: A002
) -> Tensor:  # fmt: skip
    """Zeros of the shape, dtype and device of another tensor."""
    options = _options("zeros_like", input, dtype, device, requires_grad)
    return zeros(input.shape, **options)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False  # noqa: A002
) -> Tensor:  # fmt: skip
    """Ones of the shape, dtype and device of another tensor."""
    options = _options("ones_like", input, dtype, device, requires_grad)
    return ones(input.shape, **options)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False  # noqa: A002
) -> Tensor:  # fmt: skip
    """Unset values of the shape, dtype and device of another tensor."""
    options = _options("empty_like", input, dtype, device, requires_grad)
    return empty(input.shape, **options)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None,  # noqa: A002
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One value in the shape, dtype and device of another tensor."""
    options = _options("full_like", input, dtype, device, requires_grad)
    return full(input.shape, fill_value, **options)


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,  # noqa: A002
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform random numbers of the shape, dtype and device of another tensor."""
    options = _options("rand_like", input, dtype, device, requires_grad)
    return rand(input.shape, generator=generator, **options)


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,  # noqa: A002
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal random numbers of the shape, dtype and device of another tensor."""
    options = _options("randn_like", input, dtype, device, requires_grad)
    return randn(input.shape, generator=generator, **options)


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, generator: Generator | None = None,  # noqa: A002
    dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Random integers in [low, high), or [0, low), like another tensor."""
    low, high = (0, low) if high is None else (low, high)
    options = _options("randint_like", input, dtype, device, requires_grad)
    return randint(low, high, input.shape, generator=generator, **options)
