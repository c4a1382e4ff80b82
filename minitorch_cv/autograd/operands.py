"""What functions ask of their operands: numbers or Tensors, one dtype, no booleans, …"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend.dtypes import get_default_dtype, promote_dtypes, scalar_dtype
from ..backend.library import array_module, beside, library_of
from ..ops.elementwise import binary
from . import tape
from .tape import new_tensor

if TYPE_CHECKING:
    from .tensor import Tensor

ADD = binary.BY_NAME["add"]


def pair(a: Any, b: Any, true_division: bool = False) -> tuple[Any, Any]:
    """Two operands in one dtype: Tensors, or a Tensor and a NumPy scalar of its dtype.

    Raises TypeError for an operand that is no number, array or Tensor.
    """
    if isinstance(a, tape.TENSOR) and isinstance(b, tape.TENSOR):
        if (a._packed is not None or b._packed is not None) and a.dtype == b.dtype:
            return a, b
        if a.array.dtype == b.array.dtype:
            dtype = a.array.dtype
        else:
            dtype = promote_dtypes(a.dtype, b.dtype, a.ndim == 0, b.ndim == 0)
    elif isinstance(a, tape.TENSOR):
        b = _operand(b)
        if isinstance(b, tape.TENSOR):
            return pair(a, b, true_division)
        dtype = scalar_dtype(a.array.dtype, b)
    elif isinstance(b, tape.TENSOR):
        b, a = pair(b, a, true_division)
        return a, b
    else:
        return pair(new_tensor(a), b, true_division)
    if true_division and dtype.kind != "f":
        dtype = get_default_dtype()
    return _in_dtype(a, dtype), _in_dtype(b, dtype)


def _operand(value: Any) -> Any:
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return value
    if library_of(value) is not None:
        return new_tensor(value)
    raise TypeError(
        f"Tensor: operand is no number, array or Tensor (got {type(value).__name__}); "
        "use minitorch_cv.tensor()"
    )


def _in_dtype(value: Any, dtype: Any) -> Any:
    if isinstance(value, tape.TENSOR):
        return value if value.array.dtype == dtype else value.to(dtype=dtype)
    return dtype.type(value)


def as_float(x: Tensor) -> Tensor:
    """Integers and booleans as the default float dtype (what exp, log, sqrt … do with them)."""
    return x if x.dtype.kind == "f" else x.to(dtype=get_default_dtype())


def counted(op: str, x: Any) -> Any:
    """x itself. Raises TypeError for booleans, which are no numbers."""
    if x.dtype.kind == "b":
        raise TypeError(f"{op}: expects numbers (got booleans); use .long() or .float()")
    return x


def real(op: str, x: Any) -> Any:
    """x itself. Raises TypeError for integers and booleans."""
    if x.dtype.kind != "f":
        raise TypeError(f"{op}: expects a float tensor (got {x.dtype}); use .float()")
    return x


def tensors(op: str, *values: Any) -> None:
    """Raises TypeError for the first value that is no Tensor."""
    for value in values:
        if not isinstance(value, tape.TENSOR):
            raise TypeError(
                f"{op}: expects Tensors (got {type(value).__name__}); use minitorch_cv.tensor()"
            )


def whole_divisor(op: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Both operands in one dtype. Raises ZeroDivisionError for integers divided by 0."""
    a, b = pair(a, b)
    divisor = getattr(b, "array", b)
    if divisor.dtype.kind != "f" and not divisor.all():
        raise ZeroDivisionError(f"{op}: an integer is divided by 0; use .float() for inf and NaN")
    return counted(op, a) if isinstance(a, tape.TENSOR) else a, b


def compare(name: str, a: Any, b: Any) -> Tensor:
    """A comparison: a bool tensor, which has no gradient."""
    a, b = pair(a, b)
    left, right = (v.array if isinstance(v, tape.TENSOR) else v for v in (a, b))
    ADD._device([left, right])
    with beside(left if library_of(left) is not None else right):
        return new_tensor(getattr(array_module(left, right), name)(left, right))


def defer(value: Any) -> bool:
    """True for operands that Python should ask instead (strings, None, other classes)."""
    return library_of(value) is None and not isinstance(value, (bool, int, float, np.generic))
