"""The methods of `Tensor` as functions: `mt.exp(x)` is `x.exp()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.library import array_module
from ..ops.elementwise.where import OP as WHERE
from . import tape
from .methods import arithmetic
from .methods.shaping import cat, stack
from .tape import apply
from .tensor import Tensor, as_tensor

METHODS = [
    "abs", "add", "all", "amax", "amin", "any", "argmax", "argmin", "bmm", "ceil", "chunk", "clamp",
    "clip", "clone", "cos", "div", "dot", "eq", "exp", "expm1", "flatten", "flip", "floor",
    "floor_divide", "ge", "gt", "isfinite", "isinf", "isnan", "le", "log", "log10", "log1p", "log2",
    "logical_not", "lt", "matmul", "max", "maximum", "mean", "min", "minimum", "mm", "movedim",
    "mul", "mv", "narrow", "ne", "neg", "norm", "permute", "pow", "prod", "reciprocal", "relu",
    "remainder", "reshape", "round", "rsqrt", "select", "sigmoid", "sign", "sin", "split", "sqrt",
    "square", "squeeze", "std", "sub", "sum", "swapaxes", "t", "tan", "tanh", "transpose", "trunc",
    "unbind", "unflatten", "unsqueeze", "var",
]  # fmt: skip


def _function(name: str) -> Callable[..., Any]:
    method = getattr(Tensor, name)

    def function(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name}: expects a Tensor (got {type(x).__name__}); use minitorch_cv.tensor()"
            )
        return method(x, *args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _function(name) for name in METHODS}


def where(condition: Tensor, a: Any, b: Any) -> Tensor:
    """a where the condition holds, else b; all three are broadcast. The condition is bool."""
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        a, b = as_tensor(a), as_tensor(b)
    return apply(WHERE, condition, *arithmetic.pair(a, b))


def allclose(
    a: Tensor, b: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """True where |a − b| ≤ atol + rtol |b| everywhere."""
    close = array_module(a.array, b.array).isclose
    return bool(close(a.array, b.array, rtol=rtol, atol=atol, equal_nan=equal_nan).all())


def equal(a: Tensor, b: Tensor) -> bool:
    """True for two tensors of the same shape and values."""
    return a.shape == b.shape and bool((a.array == b.array).all())


def numel(x: Tensor) -> int:
    """The number of elements."""
    return x.numel()


def is_tensor(x: Any) -> bool:
    """True for a Tensor."""
    return isinstance(x, tape.TENSOR)


__all__ = ["FUNCTIONS", "allclose", "cat", "equal", "is_tensor", "numel", "stack", "where"]
