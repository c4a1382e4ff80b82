"""What softmax and the losses share: eˣ along a class axis, without overflow.

An array is seen as (P, K, R): K classes, R positions side by side, P times. Where R = 1 the classes
of a position lie side by side, in a row: several short rows are taken at once, so that they fill
the lanes of a vector, too. Else BLOCK positions are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ..elementwise.exponential import exp

FLAGS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
SUMS = FLAGS | {"fastmath": {"contract", "reassoc"}}  # … and add up in any order
BLOCK = 1024  # positions, or numbers in short rows: what stays in the cache with all classes
SHORT = 256  # classes; a longer row fills the lanes on its own
_F, _I = np.float32, np.int32
_LOG2_HIGH, _LOG2_LOW = _F(0.693359375), _F(-2.12194440e-4)
_SIGN_OFF = _I(0x7FFFFFFF)


def lined_up(x: np.ndarray, axis: int) -> np.ndarray:
    """x as (P, K, R), where `axis` has the K classes."""
    shape = x.shape or (1,)
    axis %= len(shape)
    view = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    return np.ascontiguousarray(x).reshape(view)


@njit(cache=True, **FLAGS)
def log(s):  # type: ignore[no-untyped-def]
    """log s for s ≥ 1, off by 2 units in the last place at most; NaN stays NaN.

    s = 2ⁿ (1 + r) with √½ ≤ 1 + r < √2. Source: S. L. Moshier, Cephes Mathematical Library, logf.c.
    """
    bits = _F(s).view(_I)
    n = _I((bits - _I(0x3F3504F3)) >> 23)
    r = _I(bits - _I(n << 23)).view(_F) - _F(1)
    p = _F(7.0376836292e-2)
    p = p * r + _F(-1.1514610310e-1)
    p = p * r + _F(1.1676998740e-1)
    p = p * r + _F(-1.2420140846e-1)
    p = p * r + _F(1.4249322787e-1)
    p = p * r + _F(-1.6668057665e-1)
    p = p * r + _F(2.0000714765e-1)
    p = p * r + _F(-2.4999993993e-1)
    p = p * r + _F(3.3333331174e-1)
    z, k = r * r, _F(n)
    y = r * z * p + k * _LOG2_LOW - _F(0.5) * z
    y = r + y + k * _LOG2_HIGH
    return y if s == s else s


@njit(cache=True, **FLAGS)
def top_of(row):  # type: ignore[no-untyped-def]
    """The largest number of a row; some number or NaN where there is a NaN.

    Compared as integers, which keep the order of floats once the bits of negative ones are turned
    around: the compiler may search for their maximum in any order.
    """
    top = _I(-(2**31))
    for k in range(row.size):
        bits = _F(row[k]).view(_I)
        bits ^= (bits >> 31) & _SIGN_OFF
        top = max(top, bits)
    top ^= (top >> 31) & _SIGN_OFF
    return _I(top).view(_F)


@njit(cache=True, **FLAGS)
def shift_rows(x, d):  # type: ignore[no-untyped-def]
    """d (N, K) = x − its largest number, row by row."""
    for n in range(x.shape[0]):
        row, out = x[n], d[n]
        top = top_of(row)
        for k in range(row.size):
            out[k] = row[k] - top


@njit(cache=True, **FLAGS)
def exp_all(d, e):  # type: ignore[no-untyped-def]
    """e = eᵈ, for flat arrays."""
    for i in range(d.size):
        e[i] = exp(d[i])


@njit(cache=True, **SUMS)
def sum_of(row):  # type: ignore[no-untyped-def]
    total = _F(0)
    for k in range(row.size):
        total += row[k]
    return total


@njit(cache=True, **SUMS)
def sum_exp(row, top):  # type: ignore[no-untyped-def]
    """Σ e^(row − top)"""
    total = _F(0)
    for k in range(row.size):
        total += exp(row[k] - top)
    return total


@njit(cache=True, **SUMS)
def fill_exp(row, top, e):  # type: ignore[no-untyped-def]
    """e = e^(row − top); their sum."""
    total = _F(0)
    for k in range(row.size):
        e[k] = exp(row[k] - top)
        total += e[k]
    return total


@njit(cache=True, **FLAGS)
def tops_of(x, first, last, tops):  # type: ignore[no-untyped-def]
    """tops: the largest numbers of x (K, R) at the positions first … last − 1."""
    tops[: last - first] = x[0, first:last]
    for k in range(1, x.shape[0]):
        row = x[k, first:last]
        for i in range(row.size):
            tops[i] = row[i] if row[i] > tops[i] else tops[i]


@njit(cache=True, **FLAGS)
def add_exp(row, tops, totals):  # type: ignore[no-untyped-def]
    """totals += e^(row − tops)"""
    for i in range(row.size):
        totals[i] += exp(row[i] - tops[i])


@njit(cache=True, **FLAGS)
def keep_exp(row, tops, totals, e):  # type: ignore[no-untyped-def]
    """e = e^(row − tops), totals += e"""
    for i in range(row.size):
        e[i] = exp(row[i] - tops[i])
        totals[i] += e[i]
