"""The functions of two numbers: a formula each, and one for each of the two derivatives.

They are those of ops/elementwise/binary.py, ties, infinities and NaN included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .binary import Binary, same
from .exponential import F, exp, log1p_unit
from .unary import ALONE, Unary

_INF = F(np.inf)


def add(a, b):  # type: ignore[no-untyped-def]
    return a + b


def sub(a, b):  # type: ignore[no-untyped-def]
    return a - b


def sub_slope(gy, a, b):  # type: ignore[no-untyped-def]
    return -gy


def mul(a, b):  # type: ignore[no-untyped-def]
    return a * b


def mul_slope_a(gy, a, b):  # type: ignore[no-untyped-def]
    return gy * b


def mul_slope_b(gy, a, b):  # type: ignore[no-untyped-def]
    return gy * a


def div(a, b):  # type: ignore[no-untyped-def]
    return a / b


def div_slope_a(gy, y, b):  # type: ignore[no-untyped-def]
    return gy / b


def div_slope_b(gy, y, b):  # type: ignore[no-untyped-def]
    return -gy * (y / b)


def maximum(a, b):  # type: ignore[no-untyped-def]
    larger = a if a > b else b
    return a if a != a else larger


def maximum_slope_a(gy, a, b):  # type: ignore[no-untyped-def]
    shared = gy / F(2) if a == b else gy
    return F(0) if a < b else shared


def maximum_slope_b(gy, a, b):  # type: ignore[no-untyped-def]
    shared = gy / F(2) if a == b else gy
    return F(0) if b < a else shared


def minimum(a, b):  # type: ignore[no-untyped-def]
    smaller = a if a < b else b
    return a if a != a else smaller


def minimum_slope_a(gy, a, b):  # type: ignore[no-untyped-def]
    shared = gy / F(2) if a == b else gy
    return F(0) if a > b else shared


def minimum_slope_b(gy, a, b):  # type: ignore[no-untyped-def]
    shared = gy / F(2) if a == b else gy
    return F(0) if b > a else shared


def hypot(a, b):  # type: ignore[no-untyped-def]
    """In float64, where squares of float32 neither overflow nor vanish; ∞ wins over NaN."""
    y = F(np.sqrt(np.float64(a) * np.float64(a) + np.float64(b) * np.float64(b)))
    y = _INF if abs(a) == _INF else y
    return _INF if abs(b) == _INF else y


def logaddexp(a, b):  # type: ignore[no-untyped-def]
    """max(a, b) + log(1 + e^−|a − b|); of two equal infinities the difference counts as 0."""
    apart = F(0) if a == b else a - b
    larger = a if a > b else b
    return larger + log1p_unit(exp(-abs(apart)))


def add_relu(a, b):  # type: ignore[no-untyped-def]
    return F(0) if a + b <= F(0) else a + b


def add_relu_slope(gy, y):  # type: ignore[no-untyped-def]
    return F(0) if y <= F(0) else gy


class _AddRelu(Binary):
    """The gradient is one and the same for both inputs: it is computed once."""

    _back = Unary(None, add_relu_slope)

    def backward(self, gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
        if saved.shape_a != saved.shape_b or saved.y.dtype.char != "f":
            return NotImplemented
        g = self._back.slope_of(gy, saved.y)
        return g if needs[0] else None, g if needs[1] else None


ADD = Binary(add, (same, same), least=ALONE)
SUB = Binary(sub, (same, sub_slope), least=ALONE)
MUL = Binary(mul, (mul_slope_a, mul_slope_b), "ab", ALONE)
DIV = Binary(div, (div_slope_a, div_slope_b), "by", ALONE)
MAXIMUM = Binary(maximum, (maximum_slope_a, maximum_slope_b), "ab", ALONE)
MINIMUM = Binary(minimum, (minimum_slope_a, minimum_slope_b), "ab", ALONE)
HYPOT = Binary(hypot, saves="aby")
LOGADDEXP = Binary(logaddexp, saves="ab")
ADD_RELU = _AddRelu(add_relu, saves="y")
