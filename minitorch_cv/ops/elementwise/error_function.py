"""The error function and its complement in array code, accurate to the last digits of a double.

    erf x = 2/√π ∫₀ˣ e^(−t²) dt        erfc x = 1 − erf x

On three ranges of |x| they are rational functions, times e^(−x²) on the outer two. Each is computed
for all elements, and `where` picks. e^(−x²) is split in two so that rounding x² costs nothing: with
q = x rounded to sixteenths, e^(−x²) = e^(−q²) e^(−(x − q)(x + q)), and q² is exact.

In float32, whose digits end earlier, erf is a single rational function, fitted to it here by
least squares whose weights were moved until all errors were alike (Lawson 1961): 2.5e-8 at most,
and three units in the last place as computed.

The inverse is found by steps of Halley's method.

Source: W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23, 1969, pp. 631–637; S. Winitzki, "A handy approximation for the error function and
its inverse", 2008. Verified against math.erf and math.erfc, and by differences.
"""

from __future__ import annotations

import math
from typing import Any

from ...backend.library import Array

# Numerators and denominators, highest power first.
_INNER = (  # |x| ≤ 0.46875: erf x = x R(x²)
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (  # 0.46875 ≤ |x| ≤ 4: erfc x = e^(−x²) R(x)
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
     1.23033935480374942e3),
)  # fmt: skip
_OUTER = (  # |x| ≥ 4: erfc x = e^(−x²) / x (1/√π − R(1/x²) / x²)
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
_SINGLE = (  # |x| ≤ 4, in float32: erf x = x R(x²); beyond it is 1
    (1.98662841e-06, 0.000284550054, 0.00388322675, 0.053101394, 0.193544228, 1.12837914),
    (3.74177199e-05, 0.00118551675, 0.0152070465, 0.115349432, 0.504856665, 1.0),
)
_NEAR, _FAR, _NOTHING_LEFT = 0.46875, 4.0, 27.5  # erfc(27.5) is below the smallest double


def _ratio(x: Array, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Array:
    """One polynomial over another, by Horner's rule."""
    above, below = coefficients
    top, bottom = above[0] * x + above[1], below[0] * x + below[1]
    for a, b in zip(above[2:], below[2:], strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def _complement(xp: Any, a: Array) -> Array:
    """erfc of a ≥ 0.46875."""
    a = xp.clip(a, _NEAR, _NOTHING_LEFT)
    q = xp.floor(a * 16) / 16
    bell = xp.exp(-q * q) * xp.exp(-(a - q) * (a + q))
    z = 1 / (a * a)
    far = (1 / math.sqrt(math.pi) - z * _ratio(z, _OUTER)) / a
    return bell * xp.where(a <= _FAR, _ratio(xp.minimum(a, _FAR), _MIDDLE), far)


def _near(xp: Any, x: Array) -> Array:
    """erf of |x| ≤ 0.46875."""
    x = xp.clip(x, -_NEAR, _NEAR)
    return x * _ratio(x * x, _INNER)


def erf(xp: Any, x: Array) -> Array:
    """erf x."""
    if x.dtype.char == "f":  # float32
        limited = xp.clip(x, -_FAR, _FAR)
        return xp.clip(limited * _ratio(limited * limited, _SINGLE), -1, 1)
    tail = 1 - _complement(xp, xp.abs(x))
    return xp.where(xp.abs(x) <= _NEAR, _near(xp, x), xp.where(x < 0, -tail, tail))


def erfc(xp: Any, x: Array) -> Array:
    """1 − erf x, with all its digits also where erf x is nearly 1."""
    tail = _complement(xp, xp.abs(x))
    return xp.where(xp.abs(x) <= _NEAR, 1 - _near(xp, x), xp.where(x < 0, 2 - tail, tail))


def erfinv(xp: Any, x: Array) -> Array:
    """The y with erf y = x: a first guess (Winitzki 2008), good to 2e-3, and three steps of Halley.

    Where |x| > 1/2 the steps solve erfc y = 1 − |x|, which has all its digits; NaN beyond ±1.
    """
    a = xp.abs(x)
    inside = xp.where(a < 1, a, 0)
    log = xp.log1p(-inside * inside)
    half = 2 / (math.pi * 0.147) + log / 2
    y = xp.sqrt(xp.sqrt(half * half - log / 0.147) - half)
    for _ in range(3):
        miss = xp.where(inside < 0.5, erf(xp, y) - inside, (1 - inside) - erfc(xp, y))
        step = miss * (math.sqrt(math.pi) / 2) * xp.exp(y * y)
        y = y - step / (1 + y * step)
    y = xp.where(a < 1, y, xp.where(xp.equal(a, 1), math.inf, math.nan))
    return xp.where(x < 0, -y, y)


def erfinv_reference(x: complex) -> complex:
    """The y with erf y = x, by bisection; along the imaginary axis one step of its derivative."""
    low, high = 0.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        below = math.erfc(middle) > 1 - abs(x.real)
        low, high = (middle, high) if below else (low, middle)
    if not abs(x.real) < 1:
        return math.copysign(math.inf, x.real) if abs(x.real) == 1 else math.nan
    y = math.copysign(low, x.real)
    if not isinstance(x, complex):
        return y
    return complex(y, x.imag * math.sqrt(math.pi) / 2 * math.exp(y * y))


def erf_reference(x: complex) -> complex:
    """erf of one number; along the imaginary axis one step of its derivative."""
    if not isinstance(x, complex):
        return math.erf(x)
    return complex(math.erf(x.real), x.imag * 2 / math.sqrt(math.pi) * _bell(x.real))


def erfc_reference(x: complex) -> complex:
    """erfc of one number, like `erf_reference`."""
    if not isinstance(x, complex):
        return math.erfc(x)
    return complex(math.erfc(x.real), -x.imag * 2 / math.sqrt(math.pi) * _bell(x.real))


def _bell(x: float) -> float:
    """e^(−x²)"""
    return 0.0 if math.isinf(x) else math.exp(-x * x)
