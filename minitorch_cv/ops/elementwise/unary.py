"""The elementwise functions of one input: a row each.

Columns: name, y = forward(xp, x), gx = derivative(xp, gy, …), the naive reference for one number.
At kinks the derivative follows PyTorch: abs'(0) = 0, sign, floor, ceil, round and trunc have
derivative 0 everywhere, clamp passes the gradient at its bounds. `round` goes half to even. NaN
stays NaN, but sign(NaN) = 0 and abs'(NaN) = 0, as in PyTorch.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

from ...backend.library import Array
from ..op import Op
from .error_function import erf, erf_reference, erfc, erfc_reference, erfinv, erfinv_reference
from .table import unary

_STEPS = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)  # where floor, ceil and round jump


def _clamp_reference(x: complex, min: float | None, max: float | None) -> complex:  # noqa: A002
    if min is not None and x.real < min:
        return min
    if max is not None and x.real > max:
        return max
    return x


def _log(base: int) -> Callable[[complex], complex]:
    """The logarithm to a base; real and imaginary part are divided apart, so that inf stays inf."""

    def log(x: complex) -> complex:
        z = cmath.log(x)
        return complex(z.real / math.log(base), z.imag / math.log(base))

    return log


def _whole(step: Callable[[float], int]) -> Callable[[complex], complex]:
    """floor, ceil, … of the real part; NaN and inf, which have no integer, stay."""
    return lambda x: step(x.real) if math.isfinite(x.real) else x.real


def _inside(x: Array, min: float | None, max: float | None) -> Array:  # noqa: A002
    """Where min ≤ x ≤ max."""
    if min is None or max is None:
        return x <= max if min is None else x >= min
    return (x >= min) & (x <= max)


def _between(x: Array, eps: float | None) -> Array:
    """Where eps ≤ x ≤ 1 − eps, or x is NaN."""
    low = 0.0 if eps is None else eps
    return ~((x < low) | (x > 1 - low))


def _logit(xp: Any, x: Array, eps: float | None) -> Array:
    """log(x / (1 − x)) of x limited to [eps, 1 − eps]."""
    inside = x if eps is None else xp.clip(x, eps, 1 - eps)
    return xp.log(inside / (1 - inside))


def _logit_reference(x: complex, eps: float | None) -> complex:
    if eps is not None:
        x = eps if x.real < eps else 1 - eps if x.real > 1 - eps else x
    return cmath.log(x) - cmath.log(1 - x) if 0 < x.real < 1 else math.nan


ROWS: tuple[Op, ...] = (
    unary("neg", lambda xp, x: -x, lambda xp, gy: -gy, lambda x: -x, whole=True),
    unary("abs", lambda xp, x: xp.abs(x),
          lambda xp, gy, x: xp.where(x > 0, gy, xp.where(x < 0, -gy, 0)),
          lambda x: -x if x.real < 0 else x if x.real != 0 else 0, avoid=(0.0,), whole=True),
    unary("exp", lambda xp, x: xp.exp(x), lambda xp, gy, y: gy * y, cmath.exp),
    unary("expm1", lambda xp, x: xp.expm1(x), lambda xp, gy, y: gy * (y + 1),
          lambda x: cmath.exp(x) - 1),
    unary("log", lambda xp, x: xp.log(x), lambda xp, gy, x: gy / x, cmath.log, low=0.2, high=3.0),
    unary("log2", lambda xp, x: xp.log2(x), lambda xp, gy, x: gy / (x * math.log(2)),
          _log(2), low=0.2, high=3.0),
    unary("log10", lambda xp, x: xp.log10(x), lambda xp, gy, x: gy / (x * math.log(10)),
          _log(10), low=0.2, high=3.0),
    unary("log1p", lambda xp, x: xp.log1p(x), lambda xp, gy, x: gy / (x + 1),
          lambda x: cmath.log(1 + x), low=-0.7, high=3.0),
    unary("sqrt", lambda xp, x: xp.sqrt(x), lambda xp, gy, y: gy / (2 * y), cmath.sqrt,
          low=0.2, high=3.0),
    unary("rsqrt", lambda xp, x: 1 / xp.sqrt(x), lambda xp, gy, y: -0.5 * gy * y * y * y,
          lambda x: 1 / cmath.sqrt(x) if x.real >= 0 else x * math.nan, low=0.2, high=3.0),
    unary("square", lambda xp, x: x * x, lambda xp, gy, x: 2 * gy * x, lambda x: x * x, whole=True),
    unary("reciprocal", lambda xp, x: 1 / x, lambda xp, gy, y: -gy * y * y, lambda x: 1 / x,
          low=0.3, high=3.0),
    unary("sin", lambda xp, x: xp.sin(x), lambda xp, gy, x: gy * xp.cos(x), cmath.sin),
    unary("cos", lambda xp, x: xp.cos(x), lambda xp, gy, x: -gy * xp.sin(x), cmath.cos),
    unary("tan", lambda xp, x: xp.tan(x), lambda xp, gy, y: gy * (1 + y * y), cmath.tan,
          low=-1.2, high=1.2),
    unary("asin", lambda xp, x: xp.arcsin(x), lambda xp, gy, x: gy / xp.sqrt(1 - x * x),
          cmath.asin, low=-0.9, high=0.9),
    unary("acos", lambda xp, x: xp.arccos(x), lambda xp, gy, x: -gy / xp.sqrt(1 - x * x),
          cmath.acos, low=-0.9, high=0.9),
    unary("atan", lambda xp, x: xp.arctan(x), lambda xp, gy, x: gy / (x * x + 1), cmath.atan),
    unary("sinh", lambda xp, x: xp.sinh(x), lambda xp, gy, x: gy * xp.cosh(x), cmath.sinh),
    unary("cosh", lambda xp, x: xp.cosh(x), lambda xp, gy, x: gy * xp.sinh(x), cmath.cosh),
    unary("asinh", lambda xp, x: xp.arcsinh(x), lambda xp, gy, x: gy / xp.sqrt(x * x + 1),
          cmath.asinh),
    unary("acosh", lambda xp, x: xp.arccosh(x), lambda xp, gy, x: gy / xp.sqrt(x * x - 1),
          cmath.acosh, low=1.2, high=3.0),
    unary("atanh", lambda xp, x: xp.arctanh(x), lambda xp, gy, x: gy / (1 - x * x),
          cmath.atanh, low=-0.9, high=0.9),
    unary("logit", _logit,
          lambda xp, gy, x, eps: xp.where(_between(x, eps), gy / (x * (1 - x)),
                                          math.nan if eps is None else 0),
          _logit_reference, low=0.05, high=0.95, avoid=(0.3, 0.7),
          grid=({"eps": None}, {"eps": 0.3})),
    unary("exp2", lambda xp, x: xp.exp2(x), lambda xp, gy, y: gy * y * math.log(2),
          lambda x: 2**x),
    unary("tanh", lambda xp, x: xp.tanh(x), lambda xp, gy, y: gy * (1 - y * y), cmath.tanh),
    unary("erf", lambda xp, x: erf(xp, x),
          lambda xp, gy, x: gy * (2 / math.sqrt(math.pi)) * xp.exp(-x * x),
          erf_reference, low=-5.0, high=5.0, long=True),
    unary("erfc", lambda xp, x: erfc(xp, x),
          lambda xp, gy, x: gy * (-2 / math.sqrt(math.pi)) * xp.exp(-x * x),
          erfc_reference, low=-5.0, high=5.0, long=True),
    unary("erfinv", lambda xp, x: erfinv(xp, x),
          lambda xp, gy, y: gy * (math.sqrt(math.pi) / 2) * xp.exp(y * y),
          erfinv_reference, low=-0.9, high=0.9, long=True),
    unary("sign", lambda xp, x: 1 * (x > 0) - 1 * (x < 0), lambda xp, gy: xp.zeros_like(gy),
          lambda x: float(x.real > 0) - float(x.real < 0), avoid=(0.0,), whole=True),
    unary("floor", lambda xp, x: xp.floor(x), lambda xp, gy: xp.zeros_like(gy), _whole(math.floor),
          avoid=_STEPS, whole=True),
    unary("ceil", lambda xp, x: xp.ceil(x), lambda xp, gy: xp.zeros_like(gy), _whole(math.ceil),
          avoid=_STEPS, whole=True),
    unary("round", lambda xp, x: xp.rint(x), lambda xp, gy: xp.zeros_like(gy), _whole(round),
          avoid=_STEPS, whole=True),
    unary("trunc", lambda xp, x: xp.trunc(x), lambda xp, gy: xp.zeros_like(gy), _whole(math.trunc),
          avoid=_STEPS, whole=True),
    unary("clamp",
          lambda xp, x, min, max: xp.clip(x, min, max),
          lambda xp, gy, x, min, max: xp.where(_inside(x, min, max), gy, 0),
          _clamp_reference, avoid=(-0.5, 0.9),
          grid=({"min": -0.5, "max": 0.9}, {"min": None, "max": 0.9}, {"min": -0.5, "max": None}),
          whole=True),
)  # fmt: skip

BY_NAME: dict[str, Op] = {op.name: op for op in ROWS}
