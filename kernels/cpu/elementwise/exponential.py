"""eˣ and its relatives for one float32, without branches or calls, so that loops of them vectorise.

    eˣ = 2ⁿ eʳ with n = round(x / log 2), r = x − n log 2 and a polynomial for eʳ on |r| ≤ log 2 / 2

exp is off by 1.1 units in the last place at most, denormal results included; expm1, log1p_exp and
sigmoid by 4 (sigmoid where it is a normal number). e^−∞ is 0, e^∞ is ∞, NaN stays NaN.

Source: S. L. Moshier, Cephes Mathematical Library, expf.c and constants therein, 1992; W. J. Cody,
W. Waite, "Software Manual for the Elementary Functions", 1980, chapter 6 (log 2 in two parts).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .loops import SCALAR

F, _I = np.float32, np.int32

_LOG2E = F(1.44269504088896341)
_LOG2_HIGH, _LOG2_LOW = F(0.693359375), F(-2.12194440e-4)  # n times the first part is exact
# Added to a number below 2²² it leaves the integer nearest to that in the low bits of the sum.
_ROUNDER = F(12582912.0)
_ROUNDER_BITS = _I(_ROUNDER.view(_I))
_BIAS = 127  # of the exponent, which begins at bit 23
# Below the first and above the second argument eˣ is 0 and ∞; eˣ − 1 is −1 below the third.
_LOWEST, _HIGHEST, _LOWEST_M1 = F(-104.0), F(89.0), F(-20.0)


@njit(**SCALAR)
def _split(x):  # type: ignore[no-untyped-def]
    """n, r with x = n log 2 + r."""
    shifted = x * _LOG2E + _ROUNDER
    n = shifted - _ROUNDER
    r = (x - n * _LOG2_HIGH) - n * _LOG2_LOW
    return _I(F(shifted).view(_I) - _ROUNDER_BITS), r


@njit(**SCALAR)
def _power(n):  # type: ignore[no-untyped-def]
    """2ⁿ for −126 ≤ n ≤ 127."""
    return _I((n + _BIAS) << 23).view(F)


@njit(**SCALAR)
def _beyond(r):  # type: ignore[no-untyped-def]
    """eʳ − 1 for |r| ≤ log 2 / 2."""
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    return p * r * r + r


@njit(**SCALAR)
def exp(x):  # type: ignore[no-untyped-def]
    """eˣ; 2ⁿ is multiplied in two steps, since n may lie outside of the exponents."""
    x = _LOWEST if x < _LOWEST else x
    x = _HIGHEST if x > _HIGHEST else x
    n, r = _split(x)
    half = _I(n >> 1)
    return (_beyond(r) + F(1)) * _power(half) * _power(_I(n - half))


@njit(**SCALAR)
def expm1(x):  # type: ignore[no-untyped-def]
    """eˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1), doubled from half of it, since 2¹²⁸ is no float32."""
    x = _LOWEST_M1 if x < _LOWEST_M1 else x
    x = _HIGHEST if x > _HIGHEST else x
    n, r = _split(x)
    half = _power(_I(n - 1))
    return F(2) * (half * _beyond(r) + (half - F(0.5)))


@njit(**SCALAR)
def sigmoid(x):  # type: ignore[no-untyped-def]
    """1 / (1 + e⁻ˣ)"""
    return F(1) / (F(1) + exp(-x))


@njit(**SCALAR)
def log1p_unit(e):  # type: ignore[no-untyped-def]
    """log(1 + e) for 0 ≤ e ≤ 1: 2 artanh s with s = e / (2 + e) ≤ 1/3, by its series."""
    s = e / (F(2) + e)
    z = s * s
    p = F(1 / 17)
    p = p * z + F(1 / 15)
    p = p * z + F(1 / 13)
    p = p * z + F(1 / 11)
    p = p * z + F(1 / 9)
    p = p * z + F(1 / 7)
    p = p * z + F(1 / 5)
    p = p * z + F(1 / 3)
    return F(2) * (s + s * z * p)


@njit(**SCALAR)
def log1p_exp(x):  # type: ignore[no-untyped-def]
    """log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)"""
    above = F(0) if x <= F(0) else x
    return above + log1p_unit(exp(-abs(x)))


@njit(**SCALAR)
def erf(x):  # type: ignore[no-untyped-def]
    """erf x = x R(x²) for |x| ≤ 4, else ±1: the fit that ops/elementwise/error_function.py names.

    Off by 5 units in the last place at most.
    """
    z = x * x
    top = F(1.98662841e-06)
    top = top * z + F(0.000284550054)
    top = top * z + F(0.00388322675)
    top = top * z + F(0.053101394)
    top = top * z + F(0.193544228)
    top = top * z + F(1.12837914)
    bottom = F(3.74177199e-05)
    bottom = bottom * z + F(0.00118551675)
    bottom = bottom * z + F(0.0152070465)
    bottom = bottom * z + F(0.115349432)
    bottom = bottom * z + F(0.504856665)
    bottom = bottom * z + F(1.0)
    y = x * (top / bottom)
    y = F(1) if y > F(1) else y
    y = F(-1) if y < F(-1) else y
    y = F(1) if x >= F(4) else y
    return F(-1) if x <= F(-4) else y
