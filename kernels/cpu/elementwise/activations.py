"""The activation functions: a formula for one element and one for its derivative each.

They are those of ops/elementwise/activations.py, kinks, infinities and NaN included. A comparison
with NaN is false, so the branch that hands NaN on comes last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .exponential import F, erf, exp, expm1, log1p_exp, sigmoid
from .unary import Unary

# Klambauer et al. 2017, eq. 14
_SELU_SCALE = F(1.0507009873554804934)
_SELU_DEPTH = F(1.0507009873554804934 * 1.6732632423543772848)
_HALF_ROOT = F(math.sqrt(0.5))
_BELL = F(math.sqrt(0.5 / math.pi))
_BEND = F(0.044715)  # Hendrycks & Gimpel 2016, section 2
_STEEP = F(2 * math.sqrt(2 / math.pi))


def relu(x):  # type: ignore[no-untyped-def]
    return F(0) if x <= F(0) else x


def relu_slope(gy, y):  # type: ignore[no-untyped-def]
    return F(0) if y <= F(0) else gy


def leaky_relu(x, negative_slope):  # type: ignore[no-untyped-def]
    return x if x > F(0) else negative_slope * x


def leaky_relu_slope(gy, x, negative_slope):  # type: ignore[no-untyped-def]
    return gy if x > F(0) else negative_slope * gy


def elu(x, alpha):  # type: ignore[no-untyped-def]
    return x if x > F(0) else alpha * expm1(x)


def elu_slope(gy, x, alpha):  # type: ignore[no-untyped-def]
    return gy if x > F(0) else gy * alpha * exp(x)


def celu(x, alpha):  # type: ignore[no-untyped-def]
    return x if x > F(0) else alpha * expm1(x / alpha)


def celu_slope(gy, x, alpha):  # type: ignore[no-untyped-def]
    return gy if x > F(0) else gy * exp(x / alpha)


def selu(x):  # type: ignore[no-untyped-def]
    return _SELU_SCALE * x if x > F(0) else _SELU_DEPTH * expm1(x)


def selu_slope(gy, x):  # type: ignore[no-untyped-def]
    return gy * _SELU_SCALE if x > F(0) else gy * _SELU_DEPTH * exp(x)


def hardtanh(x, min_val, max_val):  # type: ignore[no-untyped-def]
    above = min_val if x < min_val else x
    return max_val if above > max_val else above


def hardtanh_slope(gy, x, min_val, max_val):  # type: ignore[no-untyped-def]
    return gy if x > min_val and x < max_val else F(0)


def threshold(x, threshold, value):  # type: ignore[no-untyped-def]
    return value if x <= threshold else x


def threshold_slope(gy, x, threshold, value):  # type: ignore[no-untyped-def]
    return F(0) if x <= threshold else gy


def hardshrink(x, lambd):  # type: ignore[no-untyped-def]
    return x if x > lambd or x < -lambd else x * F(0)


def shrink_slope(gy, x, lambd):  # type: ignore[no-untyped-def]
    return gy if x > lambd or x < -lambd else F(0)


def softshrink(x, lambd):  # type: ignore[no-untyped-def]
    above = -lambd if x < -lambd else x
    return x - (lambd if above > lambd else above)


def softsign(x):  # type: ignore[no-untyped-def]
    return x / (F(1) + abs(x))


def softsign_slope(gy, x):  # type: ignore[no-untyped-def]
    """x − x is 0, but NaN at ±∞, where y is NaN."""
    size = F(1) + abs(x)
    return gy / (size * size) + (x - x)


def value_of_sigmoid(x):  # type: ignore[no-untyped-def]
    return sigmoid(x)


def sigmoid_slope(gy, y):  # type: ignore[no-untyped-def]
    return gy * y * (F(1) - y)


def tanh(x):  # type: ignore[no-untyped-def]
    """(e²ˣ − 1) / (e²ˣ + 1); from x = 10 on it is 1."""
    limited = F(-10) if x < F(-10) else x
    e = expm1(F(2) * (F(10) if limited > F(10) else limited))
    return e / (e + F(2))


def tanh_slope(gy, y):  # type: ignore[no-untyped-def]
    return gy * (F(1) - y * y)


def logsigmoid(x):  # type: ignore[no-untyped-def]
    return -log1p_exp(-x)


def logsigmoid_slope(gy, x):  # type: ignore[no-untyped-def]
    return gy * sigmoid(-x)


def softplus(x, beta, threshold):  # type: ignore[no-untyped-def]
    curve = log1p_exp(beta * x) / beta
    return x if beta * x > threshold else curve


def softplus_slope(gy, x, beta, threshold):  # type: ignore[no-untyped-def]
    return gy if beta * x > threshold else gy * sigmoid(beta * x)


def hardsigmoid(x):  # type: ignore[no-untyped-def]
    above = F(0) if x + F(3) < F(0) else x + F(3)
    return (F(6) if above > F(6) else above) / F(6)


def hardsigmoid_slope(gy, x):  # type: ignore[no-untyped-def]
    return gy / F(6) if x > F(-3) and x < F(3) else F(0)


def hardswish(x):  # type: ignore[no-untyped-def]
    above = F(0) if x + F(3) < F(0) else x + F(3)
    return x * (F(6) if above > F(6) else above) / F(6)


def hardswish_slope(gy, x):  # type: ignore[no-untyped-def]
    inner = F(0) if x <= F(-3) else gy * (x / F(3) + F(0.5))
    return gy if x >= F(3) else inner


def silu(x):  # type: ignore[no-untyped-def]
    return x * sigmoid(x)


def silu_slope(gy, x):  # type: ignore[no-untyped-def]
    s = sigmoid(x)
    return gy * s * (F(1) + x * (F(1) - s))


def mish(x):  # type: ignore[no-untyped-def]
    e = exp(F(40) if x > F(40) else x)
    n = e * (e + F(2))
    return x * (n / (n + F(2)))


def mish_slope(gy, x):  # type: ignore[no-untyped-def]
    e = exp(F(40) if x > F(40) else x)
    n = e * (e + F(2))
    t = n / (n + F(2))
    return gy * (t + x * (F(1) - t * t) * (e / (F(1) + e)))


def gelu(x):  # type: ignore[no-untyped-def]
    return x * (F(0.5) + F(0.5) * erf(x * _HALF_ROOT))


def gelu_slope(gy, x):  # type: ignore[no-untyped-def]
    normal = F(0.5) + F(0.5) * erf(x * _HALF_ROOT)
    return gy * (normal + x * (_BELL * exp(F(-0.5) * x * x)))


def gelu_tanh(x):  # type: ignore[no-untyped-def]
    """(1 + tanh u) / 2 = σ(2 u)"""
    return x * sigmoid(_STEEP * x * (F(1) + _BEND * x * x))


def gelu_tanh_slope(gy, x):  # type: ignore[no-untyped-def]
    s = sigmoid(_STEEP * x * (F(1) + _BEND * x * x))
    inner = _STEEP * (F(1) + F(3) * _BEND * x * x)
    return gy * (s + x * s * (F(1) - s) * inner)


class _Gelu:
    """The kernel of gelu, by its parameter."""

    _forms = {"none": Unary(gelu, gelu_slope), "tanh": Unary(gelu_tanh, gelu_tanh_slope)}

    def supports(self, x: Any, *, approximate: str) -> bool:
        return self._forms["none"].supports(x)

    def forward(self, x: np.ndarray, *, approximate: str) -> tuple[np.ndarray, tuple[Any, ...]]:
        y, _ = self._forms[approximate].forward(x)
        return y, (x, None, {"approximate": approximate})

    def backward(self, gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
        return self._forms[saved.params["approximate"]].backward(gy, saved, needs)


RELU = Unary(relu, relu_slope)
LEAKY_RELU = Unary(leaky_relu, leaky_relu_slope)
ELU = Unary(elu, elu_slope)
CELU = Unary(celu, celu_slope)
SELU = Unary(selu, selu_slope)
HARDTANH = Unary(hardtanh, hardtanh_slope)
THRESHOLD = Unary(threshold, threshold_slope)
HARDSHRINK = Unary(hardshrink, shrink_slope)
SOFTSHRINK = Unary(softshrink, shrink_slope)
SOFTSIGN = Unary(softsign, softsign_slope, saves="xy")
SIGMOID = Unary(value_of_sigmoid, sigmoid_slope)
TANH = Unary(tanh, tanh_slope)
LOGSIGMOID = Unary(logsigmoid, logsigmoid_slope)
SOFTPLUS = Unary(softplus, softplus_slope)
HARDSIGMOID = Unary(hardsigmoid, hardsigmoid_slope)
HARDSWISH = Unary(hardswish, hardswish_slope)
SILU = Unary(silu, silu_slope)
MISH = Unary(mish, mish_slope)
GELU = _Gelu()
