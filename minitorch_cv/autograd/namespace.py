"""NumPy's function names, for Tensors: what `array_module` answers when an input is a Tensor.

A `backward` (and the `forward` of a composite) is ordinary array code. Run on Tensors, its calls of
`xp.exp`, `xp.sum`, `xp.reshape` … land here and are recorded: all that a second derivative needs.
The names and arguments are NumPy's; architecture.md lists them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.library import array_module
from ..ops.elementwise import binary, unary
from ..ops.elementwise.where import OP as WHERE
from ..ops.linalg.matmul import OP as MATMUL
from ..ops.reduce.amax import AMAX, AMIN
from ..ops.reduce.mean import OP as MEAN
from ..ops.reduce.sum import OP as SUM
from ..ops.shape.concatenate import OP as CONCATENATE
from ..ops.shape.expand import OP as EXPAND
from ..ops.shape.permute import OP as PERMUTE
from ..ops.shape.reshape import OP as RESHAPE
from . import operands, tape
from .modes import state
from .tape import apply, new_tensor

_B, _U = binary.BY_NAME, unary.BY_NAME
float16, float32, float64 = np.float16, np.float32, np.float64
int64, bool_ = np.int64, np.bool_
newaxis, inf, nan, pi = None, np.inf, np.nan, np.pi


def _unary(name: str) -> Any:
    op = _U[name]
    return lambda x: apply(op, x)


def _binary(name: str) -> Any:
    op = _B[name]
    return lambda a, b: apply(op, *operands.pair(a, b))


def _comparison(name: str) -> Any:
    return lambda a, b: operands.compare(name, a, b)


abs = _unary("abs")  # noqa: A001
exp, expm1, log, log1p = _unary("exp"), _unary("expm1"), _unary("log"), _unary("log1p")
sqrt, square, sign = _unary("sqrt"), _unary("square"), _unary("sign")
sin, cos, tanh, floor = _unary("sin"), _unary("cos"), _unary("tanh"), _unary("floor")
sinh, cosh, trunc = _unary("sinh"), _unary("cosh"), _unary("trunc")
maximum, minimum = _binary("maximum"), _binary("minimum")
floor_divide, remainder = _binary("floor_divide"), _binary("remainder")
equal, not_equal = _comparison("equal"), _comparison("not_equal")
less, greater = _comparison("less"), _comparison("greater")


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b."""
    if not isinstance(a, tape.TENSOR) and not isinstance(b, tape.TENSOR):
        a = asarray(a)
    return apply(WHERE, condition, *operands.pair(a, b))


def clip(x: Any, low: Any, high: Any) -> Any:
    """x limited to [low, high]."""
    return apply(_U["clamp"], x, min=low, max=high)


def isnan(x: Any) -> Any:
    """Where x is NaN."""
    return x.isnan()


def logical_not(x: Any) -> Any:
    """Where x is 0 or False."""
    return x.logical_not()


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Σ x over some axes."""
    return apply(SUM, x, axis=axis, keepdims=keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean over some axes."""
    return apply(MEAN, x, axis=axis, keepdims=keepdims)


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest value over some axes."""
    return apply(AMAX, x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest value over some axes."""
    return apply(AMIN, x, axis=axis, keepdims=keepdims)


max, min = amax, amin  # noqa: A001 (NumPy has both names)


def matmul(a: Any, b: Any) -> Any:
    """The matrix product, batched over leading axes."""
    return apply(MATMUL, *operands.pair(a, b))


def reshape(x: Any, shape: Any) -> Any:
    """The same elements under another shape."""
    return apply(RESHAPE, x, shape=(shape,) if isinstance(shape, int) else tuple(shape))


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed without `axes`."""
    return apply(PERMUTE, x, axes=tuple(axes) if axes is not None else tuple(range(x.ndim))[::-1])


def swapaxes(x: Any, i: int, j: int) -> Any:
    """Two axes swapped."""
    return x.transpose(i, j)


def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place."""
    return x.movedim(source, destination)


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of size 1."""
    return x.unsqueeze(axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of size 1."""
    return x.squeeze(axis)


def broadcast_to(x: Any, shape: Any) -> Any:
    """Sizes of 1 repeated."""
    return apply(EXPAND, x, shape=tuple(shape))


def concatenate(xs: Any, axis: int = 0) -> Any:
    """Joined along an axis."""
    return apply(CONCATENATE, *xs, axis=axis)


def asarray(x: Any, dtype: Any = None) -> Any:
    """x as a Tensor of a dtype."""
    if isinstance(x, tape.TENSOR):
        return x if dtype is None else x.to(dtype=dtype)
    return new_tensor(state.home.asarray(x, dtype=dtype))


def arange(*args: Any, dtype: Any = None) -> Any:
    """Numbers from start to stop, on the device of the backward that is recorded."""
    return new_tensor(state.home.arange(*args, dtype=dtype))


def zeros_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Zeros of the shape and dtype of x, on its device."""
    return new_tensor(array_module(x.array).zeros_like(x.array, dtype=dtype, shape=shape))


def ones_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Ones of the shape and dtype of x, on its device."""
    return new_tensor(array_module(x.array).ones_like(x.array, dtype=dtype, shape=shape))
