"""Operators of `Tensor`, and the elementwise functions as methods.

Both operands are brought to one dtype by PyTorch's rules before an op sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.dtypes import get_default_dtype, promote_dtypes, scalar_dtype
from ...backend.library import array_module, library_of
from ...ops.elementwise import activations, binary, unary
from ...ops.linalg.matmul import OP as MATMUL
from ...ops.op import Op
from .. import tape
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor

_B, _U, _A = binary.BY_NAME, unary.BY_NAME, activations.BY_NAME
ADD, SUB, MUL, DIV, POW = _B["add"], _B["sub"], _B["mul"], _B["div"], _B["pow"]


def pair(a: Any, b: Any, true_division: bool = False) -> tuple[Any, Any]:
    """Two operands in one dtype: Tensors, or a Tensor and a NumPy scalar of its dtype.

    Raises TypeError for an operand that is no number, array or Tensor.
    """
    if isinstance(a, tape.TENSOR) and isinstance(b, tape.TENSOR):
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
    return x if x.array.dtype.kind == "f" else x.to(dtype=get_default_dtype())


def compare(name: str, a: Any, b: Any) -> Tensor:
    """A comparison: a bool tensor, which has no gradient."""
    a, b = pair(a, b)
    left, right = (v.array if isinstance(v, tape.TENSOR) else v for v in (a, b))
    ADD._device([left, right])
    return new_tensor(getattr(array_module(left, right), name)(left, right))


def _defer(value: Any) -> bool:
    """True for operands that Python should ask instead (strings, None, other classes)."""
    return library_of(value) is None and not isinstance(value, (bool, int, float, np.generic))


def _operate(op: Op, a: Any, b: Any, true_division: bool = False) -> Any:
    if a.__class__ is b.__class__ and a.array.dtype is b.array.dtype and not true_division:
        return apply(op, a, b)  # the common case: two Tensors of one dtype
    if _defer(a) or _defer(b):
        return NotImplemented
    return apply(op, *pair(a, b, true_division))


class Arithmetic:
    """Mixin: + − * / // % ** @, comparisons, logic, and exp, log, relu, … as methods."""

    __slots__ = ()

    def __add__(self, other: Any) -> Tensor:
        return _operate(ADD, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _operate(ADD, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _operate(SUB, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _operate(SUB, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _operate(MUL, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _operate(MUL, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _operate(DIV, self, other, true_division=True)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _operate(DIV, other, self, true_division=True)

    def __pow__(self, other: Any) -> Tensor:
        return _operate(POW, self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _operate(POW, other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return _operate(_B["floor_divide"], self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return _operate(_B["floor_divide"], other, self)

    def __mod__(self, other: Any) -> Tensor:
        return _operate(_B["remainder"], self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return _operate(_B["remainder"], other, self)

    def __matmul__(self, other: Any) -> Tensor:
        if _defer(other):
            return NotImplemented
        return apply(MATMUL, *pair(self, other))

    def __rmatmul__(self, other: Any) -> Tensor:
        return apply(MATMUL, *pair(other, self))

    def __neg__(self) -> Tensor:
        return apply(_U["neg"], self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Tensor:
        return apply(_U["abs"], self)

    def __eq__(self, other: object) -> Any:
        return NotImplemented if _defer(other) else compare("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if _defer(other) else compare("not_equal", self, other)

    def __lt__(self, other: Any) -> Tensor:
        return compare("less", self, other)

    def __le__(self, other: Any) -> Tensor:
        return compare("less_equal", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return compare("greater", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return compare("greater_equal", self, other)

    def __and__(self, other: Any) -> Tensor:
        return compare("bitwise_and", self, other)

    def __or__(self, other: Any) -> Tensor:
        return compare("bitwise_or", self, other)

    def __xor__(self, other: Any) -> Tensor:
        return compare("bitwise_xor", self, other)

    def __invert__(self) -> Tensor:
        return new_tensor(~self.array)  # type: ignore[attr-defined]

    def __hash__(self) -> int:  # defining __eq__ would take it away
        return id(self)

    def add(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self + alpha · other"""
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self − alpha · other"""
        return self - (other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Tensor:
        """self · other, element by element"""
        return self * other

    def div(self, other: Any) -> Tensor:
        """self / other"""
        return self / other

    def pow(self, exponent: Any) -> Tensor:
        """self ** exponent"""
        return self**exponent

    def matmul(self, other: Any) -> Tensor:
        """The matrix product."""
        return self @ other

    mm = bmm = mv = dot = matmul

    def floor_divide(self, other: Any) -> Tensor:
        """⌊self / other⌋; the derivative is 0"""
        return self // other

    def remainder(self, other: Any) -> Tensor:
        """self − other ⌊self / other⌋, with the sign of other"""
        return self % other

    def maximum(self, other: Any) -> Tensor:
        """The larger of two, element by element; ties share the gradient."""
        return apply(_B["maximum"], *pair(self, other))

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two, element by element; ties share the gradient."""
        return apply(_B["minimum"], *pair(self, other))

    def eq(self, other: Any) -> Tensor:
        """self == other"""
        return compare("equal", self, other)

    def ne(self, other: Any) -> Tensor:
        """self != other"""
        return compare("not_equal", self, other)

    def lt(self, other: Any) -> Tensor:
        """self < other"""
        return compare("less", self, other)

    def le(self, other: Any) -> Tensor:
        """self <= other"""
        return compare("less_equal", self, other)

    def gt(self, other: Any) -> Tensor:
        """self > other"""
        return compare("greater", self, other)

    def ge(self, other: Any) -> Tensor:
        """self >= other"""
        return compare("greater_equal", self, other)

    def neg(self) -> Tensor:
        """−x"""
        return apply(_U["neg"], self)

    def abs(self) -> Tensor:
        """|x|; the derivative at 0 is 0"""
        return apply(_U["abs"], self)

    def exp(self) -> Tensor:
        """eˣ"""
        return apply(_U["exp"], as_float(self))  # type: ignore[arg-type]

    def expm1(self) -> Tensor:
        """eˣ − 1, accurate near 0"""
        return apply(_U["expm1"], as_float(self))  # type: ignore[arg-type]

    def log(self) -> Tensor:
        """The natural logarithm"""
        return apply(_U["log"], as_float(self))  # type: ignore[arg-type]

    def log2(self) -> Tensor:
        """The logarithm to base 2"""
        return apply(_U["log2"], as_float(self))  # type: ignore[arg-type]

    def log10(self) -> Tensor:
        """The logarithm to base 10"""
        return apply(_U["log10"], as_float(self))  # type: ignore[arg-type]

    def log1p(self) -> Tensor:
        """log(1 + x), accurate near 0"""
        return apply(_U["log1p"], as_float(self))  # type: ignore[arg-type]

    def sqrt(self) -> Tensor:
        """√x"""
        return apply(_U["sqrt"], as_float(self))  # type: ignore[arg-type]

    def rsqrt(self) -> Tensor:
        """1 / √x"""
        return apply(_U["rsqrt"], as_float(self))  # type: ignore[arg-type]

    def square(self) -> Tensor:
        """x²"""
        return apply(_U["square"], self)

    def reciprocal(self) -> Tensor:
        """1 / x"""
        return apply(_U["reciprocal"], as_float(self))  # type: ignore[arg-type]

    def sin(self) -> Tensor:
        """The sine, x in radians"""
        return apply(_U["sin"], as_float(self))  # type: ignore[arg-type]

    def cos(self) -> Tensor:
        """The cosine, x in radians"""
        return apply(_U["cos"], as_float(self))  # type: ignore[arg-type]

    def tan(self) -> Tensor:
        """The tangent, x in radians"""
        return apply(_U["tan"], as_float(self))  # type: ignore[arg-type]

    def tanh(self) -> Tensor:
        """The hyperbolic tangent"""
        return apply(_U["tanh"], as_float(self))  # type: ignore[arg-type]

    def sigmoid(self) -> Tensor:
        """1 / (1 + e⁻ˣ)"""
        return apply(_A["sigmoid"], as_float(self))  # type: ignore[arg-type]

    def relu(self) -> Tensor:
        """max(x, 0); the derivative at 0 is 0"""
        return apply(_A["relu"], self)

    def sign(self) -> Tensor:
        """−1, 0 or 1; the derivative is 0"""
        return apply(_U["sign"], self)

    def floor(self) -> Tensor:
        """The largest integer ≤ x; the derivative is 0"""
        return apply(_U["floor"], self)

    def ceil(self) -> Tensor:
        """The smallest integer ≥ x; the derivative is 0"""
        return apply(_U["ceil"], self)

    def round(self) -> Tensor:
        """The nearest integer, half to even; the derivative is 0"""
        return apply(_U["round"], self)

    def trunc(self) -> Tensor:
        """The integer part; the derivative is 0"""
        return apply(_U["trunc"], self)

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002
        """Limited to [min, max]; the gradient passes inside and at the bounds."""
        if min is None and max is None:
            raise ValueError("clamp: at least one of min and max must be given")
        x: Any = self
        if x.dtype.kind != "f" and (isinstance(min, float) or isinstance(max, float)):
            x = as_float(x)  # a float bound makes the result a float, as in arithmetic
        return apply(_U["clamp"], x, min=min, max=max)

    clip = clamp

    def isnan(self) -> Tensor:
        """Where x is NaN"""
        return new_tensor(array_module(self.array).isnan(self.array))  # type: ignore[attr-defined]

    def isinf(self) -> Tensor:
        """Where x is infinite"""
        return new_tensor(array_module(self.array).isinf(self.array))  # type: ignore[attr-defined]

    def isfinite(self) -> Tensor:
        """Where x is neither infinite nor NaN"""
        return new_tensor(array_module(self.array).isfinite(self.array))  # type: ignore[attr-defined]

    def logical_not(self) -> Tensor:
        """Where x is 0 or False"""
        return new_tensor(array_module(self.array).logical_not(self.array))  # type: ignore[attr-defined]
