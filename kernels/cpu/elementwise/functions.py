"""Functions of one number that NumPy has not vectorised, or takes several steps for."""

from __future__ import annotations

import math

import numpy as np

from .exponential import F, erf
from .unary import Unary

_SLOPE_OF_ERF = F(2 / math.sqrt(math.pi))


def rsqrt(x):  # type: ignore[no-untyped-def]
    return F(1) / np.sqrt(x)


def rsqrt_slope(gy, y):  # type: ignore[no-untyped-def]
    return F(-0.5) * gy * y * y * y


def sign(x):  # type: ignore[no-untyped-def]
    below = F(-1) if x < F(0) else F(0)
    return F(1) if x > F(0) else below


def abs_slope(gy, x):  # type: ignore[no-untyped-def]
    below = -gy if x < F(0) else F(0)
    return gy if x > F(0) else below


def absolute(x):  # type: ignore[no-untyped-def]
    return abs(x)


def value_of_erf(x):  # type: ignore[no-untyped-def]
    return erf(x)


def clamp(x, min, max):  # type: ignore[no-untyped-def]  # noqa: A002
    above = min if x < min else x
    return max if above > max else above


def clamp_slope(gy, x, min, max):  # type: ignore[no-untyped-def]  # noqa: A002
    return gy if x >= min and x <= max else F(0)


ABS = Unary(absolute, abs_slope)
CLAMP = Unary(clamp, clamp_slope)
ERF = Unary(value_of_erf, saves="x")
RSQRT = Unary(rsqrt, rsqrt_slope)
SIGN = Unary(sign, saves="")
