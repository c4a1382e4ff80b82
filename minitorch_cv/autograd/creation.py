"""New tensors: zeros, ones, arange, rand, … with PyTorch's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.dtypes import as_dtype, get_default_dtype
from ..backend.random import Generator, default_generator
from .methods.shaping import sizes
from .tape import new_tensor
from .tensor import Tensor


def _finish(array: np.ndarray, device: Any, requires_grad: bool) -> Tensor:
    out = new_tensor(array)
    if device is not None:
        out = out.to(device)
    out.requires_grad = requires_grad
    return out


def _dtype(dtype: Any) -> np.dtype[Any]:
    return get_default_dtype() if dtype is None else as_dtype(dtype)


def zeros(
    *shape: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of zeros."""
    return _finish(np.zeros(sizes(shape), _dtype(dtype)), device, requires_grad)


def ones(*shape: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _finish(np.ones(sizes(shape), _dtype(dtype)), device, requires_grad)


def empty(
    *shape: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor whose values are not set."""
    return _finish(np.empty(sizes(shape), _dtype(dtype)), device, requires_grad)


def full(
    shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value; without a dtype, of the dtype that the value would have."""
    if dtype is None:
        kind = np.asarray(fill_value).dtype.kind
        dtype = {"b": np.bool_, "i": np.int64}.get(kind, get_default_dtype())
    return _finish(np.full(sizes((shape,)), fill_value, as_dtype(dtype)), device, requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from start to end (not included); integers unless one argument is a float."""
    if end is None:
        start, end = 0, start
    if dtype is None:
        floats = any(isinstance(v, float) for v in (start, end, step))
        dtype = get_default_dtype() if floats else np.int64
    return _finish(np.arange(start, end, step).astype(as_dtype(dtype)), device, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from start to end, both included, equally spaced."""
    return _finish(np.linspace(start, end, steps).astype(_dtype(dtype)), device, requires_grad)


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
    return _finish(source.rand(sizes(shape), _dtype(dtype)), device, requires_grad)


def randn(
    *shape: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal random numbers of mean 0 and variance 1."""
    source = generator or default_generator
    return _finish(source.randn(sizes(shape), _dtype(dtype)), device, requires_grad)


def randint(
    low: int, high: Any, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Random integers in [low, high); `randint(high, size)` starts at 0."""
    if size is None:
        low, high, size = 0, low, high
    source = generator or default_generator
    kind = as_dtype(np.int64 if dtype is None else dtype)
    return _finish(source.randint(low, high, sizes((size,)), kind), device, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, device: Any = None) -> Tensor:
    """The numbers 0 … n − 1 in random order."""
    return _finish((generator or default_generator).randperm(n), device, False)


def _like(x: Tensor, dtype: Any) -> Any:
    return x.dtype if dtype is None else dtype


def zeros_like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape, dtype and device of x."""
    return zeros(x.shape, dtype=_like(x, dtype), device=x.device, requires_grad=requires_grad)


def ones_like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape, dtype and device of x."""
    return ones(x.shape, dtype=_like(x, dtype), device=x.device, requires_grad=requires_grad)


def empty_like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Unset values of the shape, dtype and device of x."""
    return empty(x.shape, dtype=_like(x, dtype), device=x.device, requires_grad=requires_grad)


def full_like(
    x: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape, dtype and device of x."""
    return full(
        x.shape, fill_value, dtype=_like(x, dtype), device=x.device, requires_grad=requires_grad
    )


def rand_like(x: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Uniform random numbers of the shape, dtype and device of x."""
    return rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def randn_like(x: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Normal random numbers of the shape, dtype and device of x."""
    return randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
