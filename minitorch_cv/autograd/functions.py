"""The methods of `Tensor` as functions: `mt.exp(x)` is `x.exp()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.device import together
from ..ops.elementwise.where import OP as WHERE
from . import operands, tape
from .methods.algebra import cdist
from .methods.shaping import axis_of
from .tape import apply
from .tensor import Tensor, as_tensor

METHODS = [
    "abs", "absolute", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm",
    "addmv", "addr", "all", "amax", "amin", "aminmax", "any", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "argwhere",
    "asin", "asinh", "atan", "atan2", "atanh", "baddbmm", "bincount", "bitwise_and",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "bmm", "broadcast_to", "ceil", "chunk", "clamp", "clamp_max", "clamp_min", "clip",
    "clone", "copysign", "corrcoef", "cos", "cosh", "count_nonzero", "cov", "cross", "cummax",
    "cummin", "cumprod", "cumsum", "deg2rad", "diag", "diag_embed", "diagflat", "diagonal",
    "diagonal_scatter", "diff", "dist", "div", "divide", "dot", "dsplit", "eq", "erf", "erf_",
    "erfc", "erfc_", "erfinv", "exp", "exp2", "expm1", "fix", "flatten", "flip", "fliplr", "flipud",
    "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "gather", "ge",
    "ger", "greater", "greater_equal", "gt", "heaviside", "histc", "hsplit", "hypot",
    "index_add", "index_copy", "index_fill", "index_put", "index_select", "inner",
    "is_floating_point", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf",
    "kron", "kthvalue", "ldexp", "le", "lerp", "less", "less_equal", "log", "log10", "log1p",
    "log2", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "logsumexp", "lt", "masked_fill",
    "masked_scatter", "masked_select", "matmul", "max", "maximum", "mean", "median", "min",
    "minimum", "mm", "mode", "moveaxis", "movedim", "msort", "mul", "multiply", "mv",
    "nan_to_num", "nanmean", "nanmedian", "nanquantile", "nansum", "narrow", "ne", "neg",
    "negative", "nonzero", "norm", "not_equal", "outer", "permute", "positive", "pow", "prod",
    "quantile", "rad2deg", "ravel", "reciprocal", "relu", "remainder", "repeat_interleave",
    "reshape", "roll", "rot90", "round", "rsqrt", "scatter", "scatter_add", "scatter_reduce",
    "select", "select_scatter", "sigmoid", "sigmoid_", "sign", "signbit", "sin", "sinc",
    "sinh", "slice_scatter", "softmax", "sort", "sqrt", "square", "squeeze", "std",
    "std_mean", "sub", "subtract", "sum", "swapaxes", "swapdims", "t", "take",
    "take_along_dim", "tan", "tanh", "tanh_", "tensor_split", "tile", "topk", "trace",
    "transpose", "tril", "triu", "true_divide", "trunc", "unbind", "unflatten", "unique",
    "unique_consecutive", "unravel_index", "unsqueeze", "var", "var_mean", "vdot", "vsplit",
    "xlogy",
]  # fmt: skip


def _function(name: str) -> Callable[..., Any]:
    method = getattr(Tensor, name)

    def function(input: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002
        if not isinstance(input, Tensor):
            kind = type(input).__name__
            raise TypeError(f"{name}: expects a Tensor (got {kind}); use minitorch_cv.tensor()")
        return method(input, *args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _function(name) for name in METHODS}


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:  # noqa: A002
    """input where the condition holds, else other; all three are broadcast.

    The condition is of bool (or uint8). With the condition alone: where it holds, one vector for
    each axis.
    """
    operands.tensors("where", condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype == "uint8":
        condition = condition.bool()
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input, other = as_tensor(input), as_tensor(other)
    return apply(WHERE, condition, *operands.pair(input, other))


def allclose(
    a: Tensor, b: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """True where |a − b| ≤ atol + rtol |b| everywhere."""
    return bool(a.isclose(b, rtol, atol, equal_nan).all())


def equal(a: Tensor, b: Tensor) -> bool:
    """True for two tensors of the same shape and values."""
    operands.tensors("equal", a, b)
    together("equal", a=a.array, b=b.array)
    return a.shape == b.shape and bool((a.array == b.array).all())


def numel(x: Tensor) -> int:
    """The number of elements."""
    operands.tensors("numel", x)
    return x.numel()


def is_tensor(x: Any) -> bool:
    """True for a Tensor."""
    return isinstance(x, tape.TENSOR)


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:  # noqa: A002
    """other − alpha · input"""
    return other - (input if alpha == 1 else input * alpha)


def trapezoid(y: Any, x: Any = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """∫ y by the trapezoidal rule, Σ (yᵢ + yᵢ₊₁) / 2 · (xᵢ₊₁ − xᵢ), along `dim`

    x: the places of the samples, one for each, or of a shape that broadcasts to y's; without it
    they lie dx = 1 apart.
    """
    if x is not None and dx is not None:
        raise TypeError("trapezoid: either x or dx is given (got both)")
    operands.tensors("trapezoid", y, *(() if x is None else (x,)))
    operands.counted("trapezoid", y)
    axis = axis_of("trapezoid", dim, y.ndim)
    if y.ndim == 0:
        raise IndexError("trapezoid: y has an axis (got a tensor without); use y.reshape(1)")
    n = y.shape[axis]
    if n == 0:
        return y.detach().sum(axis)  # 0
    heights = y.narrow(axis, 1, n - 1) + y.narrow(axis, 0, n - 1)
    if x is None:
        return heights.sum(axis) * ((1.0 if dx is None else dx) / 2)
    operands.counted("trapezoid", x)
    if x.ndim == 1:
        if x.shape[0] != n:
            raise ValueError(f"trapezoid: x has a place for each sample (got {x.shape}, {y.shape})")
        widths = x.diff().reshape([-1 if k == axis else 1 for k in range(y.ndim)])
    else:
        widths = x.reshape((1,) * (y.ndim - x.ndim) + tuple(x.shape)).diff(dim=axis)
    return (heights * widths).sum(axis) / 2.0


trapz = trapezoid


def is_nonzero(x: Tensor) -> bool:
    """True where the only element is not 0."""
    return bool(x)


__all__ = [
    "FUNCTIONS",
    "allclose",
    "cdist",
    "equal",
    "is_nonzero",
    "is_tensor",
    "numel",
    "rsub",
    "trapezoid",
    "trapz",
    "where",
]
