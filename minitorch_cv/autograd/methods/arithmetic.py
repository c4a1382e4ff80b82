"""Operators of `Tensor`, and the elementwise functions as methods.

Both operands are brought to one dtype by PyTorch's rules before an op sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...ops.activation.prelu import OP as PRELU
from ...ops.elementwise import activations, binary, unary
from ...ops.elementwise.where import OP as WHERE
from ...ops.linalg.matmul import OP as MATMUL
from ...ops.op import Op
from .. import tape
from ..operands import as_float, compare, counted, defer, pair, real, tensors, whole_divisor
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor

_B, _U, _A = binary.BY_NAME, unary.BY_NAME, activations.BY_NAME
_FLOAT = np.dtype("float32")  # what Python's numbers are here: no booleans
ADD, SUB, MUL, DIV, POW = _B["add"], _B["sub"], _B["mul"], _B["div"], _B["pow"]


def _difference(a: Any, b: Any) -> Any:
    """a − b. Raises TypeError where one of them is boolean."""
    if a.__class__ is b.__class__ and a.array.dtype is b.array.dtype is _FLOAT:
        return apply(SUB, a, b)  # the common case
    for value in (a, b):
        if value.__class__ is bool or getattr(value, "dtype", _FLOAT).kind == "b":
            raise TypeError(
                "sub: booleans cannot be subtracted (use ^ or logical_xor, or ~x for 1 − x)"
            )
    return _operate(SUB, a, b)


def _operate(op: Op, a: Any, b: Any, true_division: bool = False) -> Any:
    if a.__class__ is b.__class__ and a.dtype is b.dtype and not true_division:
        return apply(op, a, b)  # the common case: two Tensors of one dtype
    if defer(a) or defer(b):
        return NotImplemented
    return apply(op, *pair(a, b, true_division))


def _power(a: Any, b: Any) -> Any:
    """a ** b. Raises TypeError where both are boolean."""
    kinds = [getattr(v, "dtype", _FLOAT).kind for v in (a, b)] if b.__class__ is not int else []
    if kinds == ["b", "b"]:
        raise TypeError("pow: expects numbers (got booleans); use .long() or .float()")
    return _operate(POW, a, b)


def _matmul(a: Any, b: Any) -> Tensor:
    """The matrix product. Raises TypeError for two dtypes: a silent conversion would cost much."""
    a, b = (v if isinstance(v, tape.TENSOR) else new_tensor(v) for v in (a, b))
    if a.dtype != b.dtype:
        raise TypeError(
            f"matmul: both are of one dtype (got {a.dtype} and {b.dtype}); use .to({a.dtype})"
        )
    return apply(MATMUL, a, b)


def _judge_alpha(op: str, a: Any, b: Any, alpha: Any) -> None:
    """Raises TypeError for a float factor of integers."""
    if isinstance(alpha, float) and pair(a, b)[0].dtype.kind != "f":
        raise TypeError(f"{op}: alpha is an integer where the tensors are (got {alpha})")


def _clamp_to_tensors(x: Tensor, low: Any, high: Any) -> Tensor:
    """Bounds element by element; at a bound the whole gradient passes to x."""
    x = apply(WHERE, compare("equal", x, x), x, x.detach())  # NaN has no derivative
    for bound, beyond in ((low, "less"), (high, "greater")):
        if bound is None:
            continue
        a, b = pair(x, bound)
        outside = compare(beyond, a, b) | compare("not_equal", b, b)
        x = apply(WHERE, outside, b, a)
    return x


class Arithmetic:
    """Mixin: + − * / // % ** @, comparisons, logic, and exp, log, relu, … as methods."""

    __slots__ = ()
    array: Any

    def __add__(self, other: Any) -> Tensor:
        return _operate(ADD, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _operate(ADD, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _difference(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _difference(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _operate(MUL, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _operate(MUL, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _operate(DIV, self, other, true_division=True)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _operate(DIV, other, self, true_division=True)

    def __pow__(self, other: Any) -> Tensor:
        return _power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _power(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        if defer(other):
            return NotImplemented
        return apply(_B["floor_divide"], *whole_divisor("floor_divide", self, other))

    def __rfloordiv__(self, other: Any) -> Tensor:
        if defer(other):
            return NotImplemented
        return apply(_B["floor_divide"], *whole_divisor("floor_divide", other, self))

    def __mod__(self, other: Any) -> Tensor:
        if defer(other):
            return NotImplemented
        return apply(_B["remainder"], *whole_divisor("remainder", self, other))

    def __rmod__(self, other: Any) -> Tensor:
        if defer(other):
            return NotImplemented
        return apply(_B["remainder"], *whole_divisor("remainder", other, self))

    def __matmul__(self, other: Any) -> Tensor:
        return NotImplemented if defer(other) else _matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return apply(MATMUL, *pair(other, self))

    def __neg__(self) -> Tensor:
        return apply(_U["neg"], self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Tensor:
        return apply(_U["abs"], self if self.array.dtype.kind == "f" else counted("abs", self))

    def __eq__(self, other: object) -> Any:
        return NotImplemented if defer(other) else compare("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if defer(other) else compare("not_equal", self, other)

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
        return new_tensor(~self.array)

    def __hash__(self) -> int:  # defining __eq__ would take it away
        return id(self)

    def add(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self + alpha · other"""
        _judge_alpha("add", self, other, alpha)
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """self − alpha · other"""
        _judge_alpha("sub", self, other, alpha)
        return self - (other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Tensor:
        """self · other, element by element"""
        return self * other

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """self / other; rounding_mode: None, "floor" or "trunc" (towards 0)"""
        if rounding_mode not in (None, "floor", "trunc"):
            raise ValueError(
                f"div: rounding_mode is None, 'floor' or 'trunc' (got {rounding_mode!r})"
            )
        if rounding_mode is None:
            return self / other
        if rounding_mode == "floor":
            return self // other
        a, b = pair(self, other)
        quotient = a / b
        return quotient.trunc().to(dtype=a.dtype)

    def pow(self, exponent: Any) -> Tensor:
        """self ** exponent"""
        return self**exponent

    def matmul(self, other: Any) -> Tensor:
        """The matrix product."""
        return self @ other

    absolute, negative, multiply, subtract = __abs__, __neg__, mul, sub
    divide = true_divide = div

    def floor_divide(self, other: Any) -> Tensor:
        """⌊self / other⌋; the derivative is 0"""
        return self // other

    def remainder(self, other: Any) -> Tensor:
        """self − other ⌊self / other⌋, with the sign of other"""
        return self % other

    def maximum(self, other: Any) -> Tensor:
        """The larger of two, element by element; ties share the gradient."""
        tensors("maximum", other)
        return apply(_B["maximum"], *pair(self, other))

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two, element by element; ties share the gradient."""
        tensors("minimum", other)
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

    not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge

    def neg(self) -> Tensor:
        """−x"""
        return apply(_U["neg"], self)

    def abs(self) -> Tensor:
        """|x|; the derivative at 0 is 0"""
        return apply(_U["abs"], self if self.array.dtype.kind == "f" else counted("abs", self))

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
        x: Any = self
        return apply(_U["square"], x if x.dtype.kind != "b" else x.to(dtype=np.dtype("int64")))

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
        return apply(_A["relu"], counted("relu", self))

    def prelu(self, weight: Tensor) -> Tensor:
        """x where x > 0, else w · x; one w, or one for each channel (axis 1)"""
        return apply(PRELU, self, weight)

    def hardshrink(self, lambd: float = 0.5) -> Tensor:
        """0 where |x| ≤ lambd, else x; the derivative at ±lambd is 0"""
        return apply(_A["hardshrink"], self, lambd=lambd)

    def sign(self) -> Tensor:
        """−1, 0 or 1; the derivative is 0"""
        return apply(_U["sign"], self)

    def floor(self) -> Tensor:
        """The largest integer ≤ x; the derivative is 0"""
        return apply(_U["floor"], counted("floor", self))

    def ceil(self) -> Tensor:
        """The smallest integer ≥ x; the derivative is 0"""
        return apply(_U["ceil"], counted("ceil", self))

    def round(self, *, decimals: int | None = None) -> Tensor:
        """Rounded (to that many decimals), half to even; the derivative is 0"""
        if decimals is None:
            return apply(_U["round"], counted("round", self))
        real("round", self)
        scale = 10.0 ** abs(decimals)
        if decimals > 0:
            return apply(_U["round"], self * scale) / scale
        return apply(_U["round"], self / scale) * scale

    def trunc(self) -> Tensor:
        """The integer part; the derivative is 0"""
        return apply(_U["trunc"], counted("trunc", self))

    fix = trunc

    def positive(self) -> Any:
        """+x, the tensor itself"""
        return counted("positive", self)

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002
        """Limited to [min, max]; the gradient passes inside and at the bounds."""
        if min is None and max is None:
            raise ValueError("clamp: at least one of min and max must be given")
        kind = self.array.dtype.kind
        x: Any = self if kind == "f" else counted("clamp", self)
        if isinstance(min, tape.TENSOR) or isinstance(max, tape.TENSOR):
            tensors("clamp", *(bound for bound in (min, max) if bound is not None))
            return _clamp_to_tensors(x, min, max)
        if kind != "f" and (isinstance(min, float) or isinstance(max, float)):
            x = as_float(x)  # a float bound makes the result a float, as in arithmetic
        return apply(_U["clamp"], x, min=min, max=max)

    clip = clamp
