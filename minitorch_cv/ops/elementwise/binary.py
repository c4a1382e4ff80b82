"""The elementwise functions of two inputs: a row each.

Columns: name, y = forward(xp, a, b), ga and gb, the naive reference for two numbers. At ties
`maximum` and `minimum` give half of the gradient to each side, as PyTorch does; where an input is
NaN the result is NaN. floor_divide has derivative 0, and remainder(a, b) = a − b ⌊a / b⌋ has the
sign of b, fmod(a, b) = a − b trunc(a / b) that of a. fmax and fmin pass over NaN, and at ties give
the whole gradient to a. atan2(0, 0) has derivative 0. add_relu(a, b) = max(a + b, 0), where a
residual network joins its two branches, has derivative 0 where the sum is 0.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from ...backend.library import Array
from ..op import Op
from .table import binary

_FLOAT = np.dtype("float64")  # Python's numbers, for which NumPy has a rule of its own


def _power(a: complex, b: complex) -> complex:
    if not isinstance(a, complex) and not isinstance(b, complex):
        return math.pow(a, b)
    if a.real == 0:
        return float(b.real == 0)
    return cmath.exp(b * cmath.log(a))


def _remainder(a: complex, b: complex) -> complex:
    if isinstance(a, complex) or isinstance(b, complex):
        return a - b * math.floor(a.real / b.real)
    return float(a) % float(b)


def _raised(xp: Any, a: Array, b: Array) -> Array:
    """a ** b; integers to a negative power are 0, but for 1 and −1."""
    if getattr(b, "dtype", _FLOAT).kind != "i" or b.ndim == 0:
        return a**b
    inverse = xp.where(xp.equal(a, 1), 1, xp.where(xp.equal(a, -1), 1 - 2 * (b & 1), 0))
    return xp.where(b < 0, inverse.astype(a.dtype), a ** xp.maximum(b, 0))


def _fmod(a: complex, b: complex) -> complex:
    if isinstance(a, complex) or isinstance(b, complex):
        return a - b * math.trunc(a.real / b.real)
    return math.fmod(a, b)


def _atan2(a: complex, b: complex) -> complex:
    if a.real == b.real == 0:
        return math.atan2(a.real, b.real)
    if isinstance(a, complex) or isinstance(b, complex):
        return cmath.atan(a / b) + (0 if b.real > 0 else math.copysign(math.pi, a.real))
    return math.atan2(a, b)


def _xlogy(a: complex, b: complex) -> complex:
    if a == 0 and not cmath.isnan(b) or a.real == 0 and b.real < 0:
        return 0
    return a * cmath.log(b) if b.real >= 0 else math.nan


def _copysign(a: complex, b: complex) -> complex:
    if a.real == 0:
        return math.copysign(0, b.real)
    return a if math.copysign(1, a.real) == math.copysign(1, b.real) else -a


def _one_for_zero(xp: Any, x: Array) -> Array:
    """1 where x = 0: what a numerator of 0 may be divided by."""
    return xp.where(xp.equal(x, 0), 1, x)


ROWS: tuple[Op, ...] = (
    binary("add", lambda xp, a, b: a + b, lambda xp, gy: gy, lambda xp, gy: gy,
           lambda a, b: a + b),
    binary("add_relu", lambda xp, a, b: xp.maximum(a + b, 0),
           lambda xp, gy, y: xp.where(y <= 0, 0, gy), lambda xp, gy, y: xp.where(y <= 0, 0, gy),
           lambda a, b: 0 if (a + b).real <= 0 else a + b, low=-1.0,
           special={"the sum is 0": ([0.0, 1.5, -2.0], [0.0, -1.5, 2.0])}),
    binary("sub", lambda xp, a, b: a - b, lambda xp, gy: gy, lambda xp, gy: -gy,
           lambda a, b: a - b),
    binary("mul", lambda xp, a, b: a * b, lambda xp, gy, b: gy * b, lambda xp, gy, a: gy * a,
           lambda a, b: a * b),
    binary("div", lambda xp, a, b: a / b, lambda xp, gy, b: gy / b,
           lambda xp, gy, b, y: -gy * (y / b),
           lambda a, b: a / b, low=0.3),
    binary("pow", _raised,
           lambda xp, gy, a, b: xp.where(xp.equal(b, 0), 0, gy * b * a ** (b - 1)),
           lambda xp, gy, a, b, y:
               gy * xp.where(xp.equal(a, 0) & (b >= 0), 0, y * xp.log(a)),
           _power, low=0.3,
           special={"a or b is 0": ([0.0, 2.0, 0.0], [0.0, 0.0, 2.0]),
                    "integers": ([[1, -1, -1, 2], [3, 0, 3, 2]], [[-2, -3, -2, -1], [-1, 0, 1, 3]]),
                    "integers in a row": ([2, 1, -1], [-1, -1, -1])}),
    binary("floor_divide", lambda xp, a, b: xp.floor_divide(a, b), lambda xp, gy: 0 * gy,
           lambda xp, gy: 0 * gy, lambda a, b: float(a.real) // float(b.real), low=0.3, high=0.9),
    binary("remainder", lambda xp, a, b: xp.remainder(a, b), lambda xp, gy: gy,
           lambda xp, gy, a, b: -gy * xp.floor_divide(a, b),
           _remainder, low=0.3, high=0.9),
    binary("fmod", lambda xp, a, b: xp.fmod(a, b), lambda xp, gy: gy,
           lambda xp, gy, a, b: -gy * xp.trunc(a / b), _fmod, low=0.3, high=0.9),
    binary("atan2", lambda xp, a, b: xp.arctan2(a, b),
           lambda xp, gy, a, b: gy * (b / _one_for_zero(xp, a * a + b * b)),
           lambda xp, gy, a, b: -gy * (a / _one_for_zero(xp, a * a + b * b)), _atan2, low=0.3,
           special={"the origin, one of length 1": ([0.0, 0.6], [0.0, 0.8])}),
    binary("hypot", lambda xp, a, b: xp.hypot(a, b), lambda xp, gy, a, y: gy * (a / y),
           lambda xp, gy, b, y: gy * (b / y), lambda a, b: cmath.sqrt(a * a + b * b)),
    binary("logaddexp", lambda xp, a, b: xp.logaddexp(a, b),
           lambda xp, gy, a, b: gy / (1 + xp.exp(b - a)),
           lambda xp, gy, a, b: gy / (1 + xp.exp(a - b)),
           lambda a, b: cmath.log(cmath.exp(a) + cmath.exp(b))),
    binary("xlogy",
           lambda xp, a, b: xp.where(xp.equal(a, 0) & ~xp.isnan(b), 0, a * xp.log(b)),
           lambda xp, gy, a, b: xp.where(xp.equal(a, 0) & (b <= 0), 0, gy * xp.log(b)),
           lambda xp, gy, a, b: gy * (a / b),
           _xlogy, low=0.3, special={"a is 0": ([0.0, 0.0, 0.0, 1.0], [-1.0, 0.5, 2.0, 1.0])}),
    binary("copysign", lambda xp, a, b: xp.copysign(a, b),
           lambda xp, gy, a, y: xp.where(xp.equal(a, 0), 0, gy * (y / a)),
           lambda xp, gy: xp.zeros_like(gy),
           _copysign, apart=0.01, special={"a is 0": ([0.0, 0.0, -0.0], [1.5, -2.0, 3.0])}),
    binary("fmax", lambda xp, a, b: xp.fmax(a, b),
           lambda xp, gy, a, b: xp.where((a >= b) | xp.isnan(b), gy, 0),
           lambda xp, gy, a, b: xp.where((a >= b) | xp.isnan(b), 0, gy),
           lambda a, b: a if a.real >= b.real or cmath.isnan(b) else b, apart=0.01),
    binary("fmin", lambda xp, a, b: xp.fmin(a, b),
           lambda xp, gy, a, b: xp.where((a <= b) | xp.isnan(b), gy, 0),
           lambda xp, gy, a, b: xp.where((a <= b) | xp.isnan(b), 0, gy),
           lambda a, b: a if a.real <= b.real or cmath.isnan(b) else b, apart=0.01),
    binary("maximum", lambda xp, a, b: xp.maximum(a, b),
           lambda xp, gy, a, b: xp.where(a < b, 0, xp.where(xp.equal(a, b), gy / 2, gy)),
           lambda xp, gy, a, b: xp.where(b < a, 0, xp.where(xp.equal(a, b), gy / 2, gy)),
           lambda a, b: (a + b) / 2 if a.real == b.real else
           a if a.real > b.real or cmath.isnan(a) else b, apart=0.01),
    binary("minimum", lambda xp, a, b: xp.minimum(a, b),
           lambda xp, gy, a, b: xp.where(a > b, 0, xp.where(xp.equal(a, b), gy / 2, gy)),
           lambda xp, gy, a, b: xp.where(b > a, 0, xp.where(xp.equal(a, b), gy / 2, gy)),
           lambda a, b: (a + b) / 2 if a.real == b.real else
           a if a.real < b.real or cmath.isnan(a) else b, apart=0.01),
)  # fmt: skip

BY_NAME: dict[str, Op] = {op.name: op for op in ROWS}
