"""The elementwise functions of two inputs: a row each.

Columns: name, y = forward(xp, a, b), ga and gb, the naive reference for two numbers. At ties
`maximum` and `minimum` give half of the gradient to each side, as PyTorch does; where an input is
NaN the result is NaN. floor_divide has derivative 0, and remainder(a, b) = a − b ⌊a / b⌋ has the
sign of b.
"""

from __future__ import annotations

import cmath
import math

from ..op import Op
from .table import binary


def _power(a: complex, b: complex) -> complex:
    if isinstance(a, complex) or isinstance(b, complex):
        return cmath.exp(b * cmath.log(a))
    return math.pow(a, b)


def _remainder(a: complex, b: complex) -> complex:
    if isinstance(a, complex) or isinstance(b, complex):
        return a - b * math.floor(a.real / b.real)
    return float(a) % float(b)


ROWS: tuple[Op, ...] = (
    binary("add", lambda xp, a, b: a + b, lambda xp, gy: gy, lambda xp, gy: gy,
           lambda a, b: a + b),
    binary("sub", lambda xp, a, b: a - b, lambda xp, gy: gy, lambda xp, gy: -gy,
           lambda a, b: a - b),
    binary("mul", lambda xp, a, b: a * b, lambda xp, gy, b: gy * b, lambda xp, gy, a: gy * a,
           lambda a, b: a * b),
    binary("div", lambda xp, a, b: a / b, lambda xp, gy, b: gy / b,
           lambda xp, gy, b, y: -gy * (y / b),
           lambda a, b: a / b, low=0.3),
    binary("pow", lambda xp, a, b: a**b,
           lambda xp, gy, a, b: xp.where(xp.equal(b, 0), 0, gy * b * a ** (b - 1)),
           lambda xp, gy, a, b, y:
               gy * xp.where(xp.equal(a, 0) & (b >= 0), 0, y * xp.log(a)),
           _power, low=0.3),
    binary("floor_divide", lambda xp, a, b: xp.floor_divide(a, b), lambda xp, gy: 0 * gy,
           lambda xp, gy: 0 * gy, lambda a, b: float(a.real) // float(b.real), low=0.3, high=0.9),
    binary("remainder", lambda xp, a, b: xp.remainder(a, b), lambda xp, gy: gy,
           lambda xp, gy, a, b: -gy * xp.floor_divide(a, b),
           _remainder, low=0.3, high=0.9),
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
