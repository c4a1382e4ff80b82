"""Methods of `Tensor` that work element by element, beyond the operators of arithmetic.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.device import together
from ...backend.library import array_module
from ...ops.activation.log_softmax import OP as LOG_SOFTMAX
from ...ops.activation.softmax import OP as SOFTMAX
from ...ops.elementwise import binary, unary
from ...ops.elementwise.where import OP as WHERE
from .. import tape
from ..operands import as_float, compare, counted, pair, real, tensors, whole_divisor
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor

_B, _U = binary.BY_NAME, unary.BY_NAME


def choose(condition: Tensor, a: Any, b: Any) -> Tensor:
    """a where the condition holds, else b, in their common dtype."""
    return apply(WHERE, condition, *pair(a, b))


def _float_pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both operands in one float dtype."""
    return pair(a, b, true_division=True)


class Pointwise:
    """Mixin: trigonometric and hyperbolic functions, logic, bits, clamp, lerp, nan_to_num, …"""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any

    # Trigonometric and hyperbolic functions, and powers.

    def asin(self) -> Tensor:
        """The arc sine, in radians; NaN outside [−1, 1]"""
        return apply(_U["asin"], as_float(self))  # type: ignore[arg-type]

    def acos(self) -> Tensor:
        """The arc cosine, in radians; NaN outside [−1, 1]"""
        return apply(_U["acos"], as_float(self))  # type: ignore[arg-type]

    def atan(self) -> Tensor:
        """The arc tangent, in radians"""
        return apply(_U["atan"], as_float(self))  # type: ignore[arg-type]

    def sinh(self) -> Tensor:
        """The hyperbolic sine"""
        return apply(_U["sinh"], as_float(self))  # type: ignore[arg-type]

    def cosh(self) -> Tensor:
        """The hyperbolic cosine"""
        return apply(_U["cosh"], as_float(self))  # type: ignore[arg-type]

    def asinh(self) -> Tensor:
        """The inverse of sinh"""
        return apply(_U["asinh"], as_float(self))  # type: ignore[arg-type]

    def acosh(self) -> Tensor:
        """The inverse of cosh; NaN below 1"""
        return apply(_U["acosh"], as_float(self))  # type: ignore[arg-type]

    def atanh(self) -> Tensor:
        """The inverse of tanh; NaN outside [−1, 1]"""
        return apply(_U["atanh"], as_float(self))  # type: ignore[arg-type]

    def exp2(self) -> Tensor:
        """2ˣ"""
        return apply(_U["exp2"], as_float(self))  # type: ignore[arg-type]

    def erf(self) -> Tensor:
        """The error function, 2/√π ∫₀ˣ e^(−t²) dt"""
        return apply(_U["erf"], as_float(self))  # type: ignore[arg-type]

    def erfc(self) -> Tensor:
        """1 − erf x, accurate where erf x is near 1"""
        return apply(_U["erfc"], as_float(self))  # type: ignore[arg-type]

    def erfinv(self) -> Tensor:
        """The y with erf y = x; NaN outside [−1, 1]"""
        return apply(_U["erfinv"], as_float(self))  # type: ignore[arg-type]

    def frac(self) -> Tensor:
        """x − trunc x, with the sign of x; the derivative is 1"""
        x = real("frac", self)
        return x - x.trunc()

    def deg2rad(self) -> Tensor:
        """Degrees to radians"""
        return as_float(self) * (math.pi / 180)  # type: ignore[arg-type]

    def rad2deg(self) -> Tensor:
        """Radians to degrees"""
        return as_float(self) * (180 / math.pi)  # type: ignore[arg-type]

    def sinc(self) -> Tensor:
        """sin(πx) / (πx), and 1 at 0"""
        x = as_float(self) * math.pi  # type: ignore[arg-type]
        zero = compare("equal", x, 0)
        return choose(zero, 1.0, x.sin() / choose(zero, 1.0, x))

    def logit(self, eps: float | None = None) -> Tensor:
        """log(x / (1 − x)); eps limits x to [eps, 1 − eps], where the derivative is 0 outside"""
        return apply(_U["logit"], as_float(self), eps=eps)  # type: ignore[arg-type]

    def softmax(self, dim: int, dtype: Any = None) -> Tensor:
        """eˣ / Σ eˣ along `dim`"""
        x: Any = self if dtype is None else self.to(dtype=dtype)  # type: ignore[attr-defined]
        return apply(SOFTMAX, x, axis=dim)

    def log_softmax(self, dim: int, dtype: Any = None) -> Tensor:
        """x − log Σ eˣ along `dim`"""
        x: Any = self if dtype is None else self.to(dtype=dtype)  # type: ignore[attr-defined]
        return apply(LOG_SOFTMAX, x, axis=dim)

    # Of two tensors.

    def fmod(self, other: Any) -> Tensor:
        """self − other trunc(self / other), with the sign of self"""
        return apply(_B["fmod"], *whole_divisor("fmod", self, other))

    def atan2(self, other: Any) -> Tensor:
        """The angle of the point (other, self), in radians; derivative 0 at the origin"""
        tensors("atan2", other)
        return apply(_B["atan2"], *_float_pair(self, other))

    def hypot(self, other: Any) -> Tensor:
        """√(self² + other²) without overflow"""
        tensors("hypot", other)
        a, b = pair(self, other)
        return apply(_B["hypot"], real("hypot", a), b)

    def logaddexp(self, other: Any) -> Tensor:
        """log(eˣ + eʸ) without overflow"""
        tensors("logaddexp", other)
        a, b = pair(self, other)
        return apply(_B["logaddexp"], real("logaddexp", a), b)

    def logaddexp2(self, other: Any) -> Tensor:
        """log₂(2ˣ + 2ʸ) without overflow"""
        tensors("logaddexp2", other)
        a, b = pair(self, other)
        real("logaddexp2", a)
        return apply(_B["logaddexp"], a * math.log(2), b * math.log(2)) / math.log(2)

    def fmax(self, other: Any) -> Tensor:
        """The larger of two, passing over NaN; ties give the gradient to self"""
        tensors("fmax", other)
        return apply(_B["fmax"], *pair(self, other))

    def fmin(self, other: Any) -> Tensor:
        """The smaller of two, passing over NaN; ties give the gradient to self"""
        tensors("fmin", other)
        return apply(_B["fmin"], *pair(self, other))

    def xlogy(self, other: Any) -> Tensor:
        """self · log(other), and 0 where self is 0 (NaN where other is)"""
        return apply(_B["xlogy"], *_float_pair(self, other))

    def copysign(self, other: Any) -> Tensor:
        """|self| with the sign of other (−0 is negative); the derivative at 0 is 0"""
        return apply(_B["copysign"], *_float_pair(self, other))

    def heaviside(self, values: Tensor) -> Tensor:
        """0 below 0, `values` at 0, 1 above; the derivative is 0 but for `values`"""
        tensors("heaviside", values)
        if values.dtype != self.dtype:
            raise TypeError(
                f"heaviside: both are of one dtype (got {self.dtype} and {values.dtype})"
            )
        step = compare("greater", self, 0).to(dtype=self.dtype)
        return choose(compare("equal", self, 0), values, step)

    def lerp(self, end: Tensor, weight: Any) -> Tensor:
        """self + weight · (end − self)"""
        x = real("lerp", self)
        tensors("lerp", end)
        if end.dtype != x.dtype:
            raise TypeError(f"lerp: both are of one dtype (got {x.dtype} and {end.dtype})")
        return x + weight * (end - x)

    def addcmul(self, a: Tensor, b: Tensor, *, value: Any = 1) -> Tensor:
        """self + value · a · b"""
        tensors("addcmul", a, b)
        product = a * b
        return self + (product if value == 1 else product * value)

    def addcdiv(self, a: Tensor, b: Tensor, *, value: Any = 1) -> Tensor:
        """self + value · a / b"""
        tensors("addcdiv", a, b)
        if a.dtype.kind != "f" and b.dtype.kind != "f":
            raise TypeError(
                f"addcdiv: at least one of the two is a float tensor (got {a.dtype} and "
                f"{b.dtype}); use .float()"
            )
        quotient = a / b
        return self + (quotient if value == 1 else quotient * value)

    def float_power(self, exponent: Any) -> Tensor:
        """self ** exponent in float64"""
        x: Any = self.to(dtype=np.dtype("float64"))  # type: ignore[attr-defined]
        if isinstance(exponent, tape.TENSOR):
            exponent = exponent.to(dtype=np.dtype("float64"))
        return x**exponent

    def ldexp(self, other: Tensor) -> Tensor:
        """self · 2^other"""
        tensors("ldexp", other)
        if self.dtype.kind == "f":
            counted("ldexp", other)
        return self * 2.0**other

    # Limits and odd values.

    def clamp_min(self, min: Any) -> Tensor:  # noqa: A002
        """At least `min`"""
        return self.clamp(min=min)  # type: ignore[attr-defined]

    def clamp_max(self, max: Any) -> Tensor:  # noqa: A002
        """At most `max`"""
        return self.clamp(max=max)  # type: ignore[attr-defined]

    def nan_to_num(
        self, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """NaN, inf and −inf replaced (by 0, the largest and the smallest number); derivative 0"""
        x: Any = self
        if x.dtype.kind != "f":
            return x.clone()
        limits = np.finfo(x.dtype)
        high = float(limits.max) if posinf is None else posinf
        low = float(limits.min) if neginf is None else neginf
        x = choose(x.isnan(), nan, x)
        x = choose(compare("equal", x, math.inf), high, x)
        return choose(compare("equal", x, -math.inf), low, x)

    def isposinf(self) -> Tensor:
        """Where x is +inf"""
        return compare("equal", self, math.inf)

    def isneginf(self) -> Tensor:
        """Where x is −inf"""
        return compare("equal", self, -math.inf)

    def signbit(self) -> Tensor:
        """Where the sign is negative, −0 included"""
        return new_tensor(array_module(self.array).signbit(self.array))

    def isclose(
        self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """Where |self − other| ≤ atol + rtol |other|"""
        tensors("isclose", other)
        if self.dtype != other.dtype or rtol < 0 or atol < 0:
            raise ValueError(
                f"isclose: both are of one dtype, rtol and atol at least 0 (got {self.dtype}, "
                f"{other.dtype}, {rtol}, {atol})"
            )
        together("isclose", input=self.array, other=other.array)
        close = array_module(self.array, other.array).isclose
        return new_tensor(close(self.array, other.array, rtol, atol, equal_nan))

    # Logic and bits: no gradient.

    def isnan(self) -> Tensor:
        """Where x is NaN"""
        return new_tensor(array_module(self.array).isnan(self.array))

    def isinf(self) -> Tensor:
        """Where x is infinite"""
        return new_tensor(array_module(self.array).isinf(self.array))

    def isfinite(self) -> Tensor:
        """Where x is neither infinite nor NaN"""
        return new_tensor(array_module(self.array).isfinite(self.array))

    def logical_not(self) -> Tensor:
        """Where x is 0 or False"""
        return new_tensor(array_module(self.array).logical_not(self.array))

    def logical_and(self, other: Tensor) -> Tensor:
        """Where both are true (not 0)"""
        return _logic("logical_and", self, other)

    def logical_or(self, other: Tensor) -> Tensor:
        """Where at least one is true (not 0)"""
        return _logic("logical_or", self, other)

    def logical_xor(self, other: Tensor) -> Tensor:
        """Where exactly one is true (not 0)"""
        return _logic("logical_xor", self, other)

    def bitwise_and(self, other: Any) -> Tensor:
        """self & other, bit by bit"""
        return _bits("bitwise_and", self, other)

    def bitwise_or(self, other: Any) -> Tensor:
        """self | other, bit by bit"""
        return _bits("bitwise_or", self, other)

    def bitwise_xor(self, other: Any) -> Tensor:
        """self ^ other, bit by bit"""
        return _bits("bitwise_xor", self, other)

    def bitwise_left_shift(self, other: Any) -> Tensor:
        """self · 2^other of integers; 0 where nothing is left"""
        return _shift("left_shift", self, other)

    def bitwise_right_shift(self, other: Any) -> Tensor:
        """⌊self / 2^other⌋ of integers"""
        return _shift("right_shift", self, other)

    __lshift__, __rshift__ = bitwise_left_shift, bitwise_right_shift

    def bitwise_not(self) -> Tensor:
        """All bits turned over"""
        if self.dtype.kind == "f":
            _bits("bitwise_not", self, 0)
        return ~self  # type: ignore[operator]


def _logic(name: str, a: Any, b: Any) -> Tensor:
    if not isinstance(b, tape.TENSOR):
        raise TypeError(f"{name}: other is a Tensor (got {type(b).__name__}); use tensor()")
    return new_tensor(getattr(array_module(a.array, b.array), name)(a.array, b.array))


def _bits(name: str, a: Any, b: Any) -> Tensor:
    a, b = pair(a, b)
    if a.dtype.kind == "f":
        raise TypeError(f"{name}: expects integers or booleans (got {a.dtype}); use .long()")
    return compare(name, a, b)


def _shift(name: str, a: Any, b: Any) -> Tensor:
    a, b = pair(a, b)
    if a.dtype.kind not in "iu":
        raise TypeError(f"bitwise_{name}: expects integers (got {a.dtype}); use .long()")
    return compare(name, a, b)


def _rename(new: str, old: str) -> None:
    setattr(Pointwise, new, getattr(Pointwise, old))


# PyTorch's second names.
for _new, _old in {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "arctan2": "atan2",
}.items():  # fmt: skip
    _rename(_new, _old)
