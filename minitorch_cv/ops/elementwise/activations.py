"""The activation functions whose derivative fits on one line: a row each.

    relu        y = max(x, 0)                     hardtanh     y = min(max(x, a), b)
    leaky_relu  y = x, or slope · x below 0       threshold    y = x, or value up to the threshold
    elu         y = x, or α (eˣ − 1) below 0      hardshrink   y = x, or 0 where |x| ≤ λ
    celu        y = x, or α (e^(x/α) − 1)         softshrink   y = x − min(max(x, −λ), λ)
    selu        y = λ elu(x) with fixed λ, α      tanhshrink   y = x − tanh x
    sigmoid     y = σ(x) = 1 / (1 + e⁻ˣ)          softsign     y = x / (1 + |x|)
    logsigmoid  y = log σ(x)                      softplus     y = log(1 + e^(βx)) / β
    silu        y = x σ(x)                        hardsigmoid  y = min(max(x/6 + 1/2, 0), 1)
    mish        y = x tanh(log(1 + eˣ))           hardswish    y = x hardsigmoid(x)
    gelu        y = x Φ(x), Φ(x) = (1 + erf(x/√2)) / 2

At kinks the derivative follows PyTorch: relu'(0) = 0, leaky_relu'(0) = slope, elu'(0) = alpha,
selu'(0) = λα, celu'(0) = 1; it is 0 at both ends of hardtanh, hardsigmoid, hardshrink, softshrink,
at the threshold, and at −3 of hardswish, where at 3 it is 1. NaN stays NaN; where the pieces are
straight lines with a flat one among them, its derivative is 0. No exponential overflows where the
answer does not. Sources are named by the layers in nn/modules.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

from ...backend.library import Array
from ..op import Op
from .table import unary
from .unary import BY_NAME as UNARY

_ERF, _ERFC = UNARY["erf"], UNARY["erfc"]

# Klambauer et al. 2017, eq. 14: with these, mean 0 and variance 1 are a fixed point of the layer.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848, 1.0507009873554804934
_SELU_DEPTH = SELU_SCALE * SELU_ALPHA
_BEND = 0.044715  # Hendrycks & Gimpel 2016: Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2


def _sigmoid(xp: Any, x: Array) -> Array:
    """1 / (1 + e^−x); where e^−x overflows to ∞ the answer is 0, as it should be."""
    return 1 / (1 + xp.exp(-x))


def _outside(x: Array, lambd: float) -> Array:
    """Where x > λ or x < −λ."""
    return (x > lambd) | (x < -lambd)


def _elu(xp: Any, x: Array, alpha: float, right: float = 1.0, bend: float = 1.0) -> Array:
    """right · x above 0, α (e^(x/bend) − 1) below: of the two terms one is always 0."""
    x_below = xp.minimum(x, 0)
    below = alpha * xp.expm1(x_below if bend == 1 else x_below / bend)
    above = xp.maximum(x, 0)
    return (above if right == 1 else right * above) + below


def _elu_slope(
    xp: Any, gy: Array, x: Array, at_zero: float, right: float = 1.0, bend: float = 1.0
) -> Array:
    """gy times at_zero · e^(x/bend) below 0, and a constant at 0 (where it is taken for one when
    the slope is differentiated again) and above."""
    x_below = xp.minimum(x, 0)
    left = gy * at_zero * xp.exp(x_below if bend == 1 else x_below / bend)
    g = gy if right == 1 else gy * right
    g = g if at_zero == right else xp.where(xp.equal(x, 0), gy * at_zero, g)
    return xp.where(x >= 0, g, left)


def _log1p_exp(xp: Any, x: Array) -> Array:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), where nothing overflows."""
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


def _tanh_softplus(xp: Any, x: Array) -> Array:
    """tanh(log(1 + e)) = n / (n + 2) with e = eˣ and n = e (e + 2); from x = 40 on it is 1."""
    e = xp.exp(xp.minimum(x, 40))
    n = e * (e + 2)
    return n / (n + 2)


def _gelu(xp: Any, x: Array, approximate: str) -> Array:
    if approximate == "tanh":
        return 0.5 * x * (1 + xp.tanh(_bent(x)))
    return x * _normal(x)


def _normal(x: Array) -> Array:
    """Φ(x) = erfc(−x/√2) / 2, with all its digits for x far below 0; in float32 erf is faster."""
    if x.dtype.itemsize > 4:
        return 0.5 * _ERFC(x * -math.sqrt(0.5))
    return 0.5 + 0.5 * _ERF(x * math.sqrt(0.5))


def _gelu_slope(xp: Any, x: Array, approximate: str) -> Array:
    """Φ(x) + x Φ'(x)"""
    if approximate == "tanh":
        t = xp.tanh(_bent(x))
        inner = math.sqrt(2 / math.pi) * (1 + 3 * _BEND * x * x)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner
    bell = math.sqrt(0.5 / math.pi) * xp.exp(-0.5 * x * x)
    return _normal(x) + x * bell


def _bent(x: Array) -> Array:
    return math.sqrt(2 / math.pi) * x * (1 + _BEND * x * x)


def _gelu_reference(x: complex, approximate: str) -> complex:
    if approximate == "tanh":
        return 0.5 * x * (1 + cmath.tanh(math.sqrt(2 / math.pi) * (x + _BEND * x**3)))
    real = x.real
    value = real * 0.5 * math.erfc(-real / math.sqrt(2))
    slope = 0.5 * math.erfc(-real / math.sqrt(2)) + real * math.exp(-0.5 * real * real) / math.sqrt(
        2 * math.pi
    )
    return complex(value, x.imag * slope) if isinstance(x, complex) else value


def _softplus_reference(x: complex, beta: float, threshold: float) -> complex:
    return x if beta * x.real > threshold else cmath.log(1 + cmath.exp(beta * x)) / beta


ROWS: tuple[Op, ...] = (
    unary("relu", lambda xp, x: xp.maximum(x, 0), lambda xp, gy, y: xp.where(y <= 0, 0, gy),
          lambda x: 0 if x.real <= 0 else x, avoid=(0.0,), whole=True),
    unary("leaky_relu",
          lambda xp, x, negative_slope: xp.where(x > 0, x, negative_slope * x),
          lambda xp, gy, x, negative_slope: xp.where(x > 0, gy, negative_slope * gy),
          lambda x, negative_slope: x if x.real > 0 else negative_slope * x, avoid=(0.0,),
          grid=({"negative_slope": 0.01}, {"negative_slope": 0.3}), long=True),
    unary("elu",
          lambda xp, x, alpha: _elu(xp, x, alpha),
          lambda xp, gy, x, alpha: _elu_slope(xp, gy, x, alpha),
          lambda x, alpha: x if x.real > 0 else alpha * (cmath.exp(x) - 1), avoid=(0.0,),
          grid=({"alpha": 1.0}, {"alpha": 0.4}), long=True),
    unary("celu",
          lambda xp, x, alpha: _elu(xp, x, alpha, bend=alpha),
          lambda xp, gy, x, alpha: _elu_slope(xp, gy, x, 1.0, bend=alpha),
          lambda x, alpha: x if x.real > 0 else alpha * (cmath.exp(x / alpha) - 1), avoid=(0.0,),
          grid=({"alpha": 1.0}, {"alpha": 0.4}), long=True, bad={"alpha": 0.0},
          refuse=lambda alpha: "alpha is not 0; use alpha=1.0" if alpha == 0 else None),
    unary("selu",
          lambda xp, x: _elu(xp, x, _SELU_DEPTH, SELU_SCALE),
          lambda xp, gy, x: _elu_slope(xp, gy, x, _SELU_DEPTH, SELU_SCALE),
          lambda x: SELU_SCALE * (x if x.real > 0 else SELU_ALPHA * (cmath.exp(x) - 1)),
          avoid=(0.0,), long=True),
    unary("hardtanh",
          lambda xp, x, min_val, max_val: xp.clip(x, min_val, max_val),
          lambda xp, gy, x, min_val, max_val: xp.where((x > min_val) & (x < max_val), gy, 0),
          lambda x, min_val, max_val:
              min_val if x.real <= min_val else max_val if x.real >= max_val else x,
          avoid=(-1.0, 0.5), grid=({"min_val": -1.0, "max_val": 0.5},), whole=True, long=True,
          bad={"min_val": 1.0, "max_val": -1.0},
          refuse=lambda min_val, max_val: None if not min_val > max_val else
              f"min_val is not above max_val (got {min_val} and {max_val}); swap them"),
    unary("threshold",
          lambda xp, x, threshold, value: xp.where(x <= threshold, value, x),
          lambda xp, gy, x, threshold, value: xp.where(x <= threshold, 0, gy),
          lambda x, threshold, value: value if x.real <= threshold else x, avoid=(0.25,),
          grid=({"threshold": 0.25, "value": -2.0},), whole=True, long=True),
    unary("hardshrink",
          lambda xp, x, lambd: x * _outside(x, lambd),
          lambda xp, gy, x, lambd: xp.where(_outside(x, lambd), gy, 0),
          lambda x, lambd: 0 if abs(x.real) <= lambd else x, avoid=(-0.75, 0.75),
          grid=({"lambd": 0.75},), long=True),
    unary("softshrink",
          lambda xp, x, lambd: x - xp.clip(x, -lambd, lambd),
          lambda xp, gy, x, lambd: xp.where(_outside(x, lambd), gy, 0),
          lambda x, lambd: x - lambd if x.real > lambd else x + lambd if x.real < -lambd else 0 * x,
          avoid=(-0.75, 0.75), grid=({"lambd": 0.75},), long=True, bad={"lambd": -0.1},
          refuse=lambda lambd: None if lambd >= 0 else
              f"lambd is not negative (got {lambd}); use lambd=0.5"),
    unary("tanhshrink", lambda xp, x: x - xp.tanh(x),
          lambda xp, gy, x: gy * xp.square(xp.tanh(x)), lambda x: x - cmath.tanh(x), long=True),
    # The slope of softsign at ±∞, where y is NaN, is NaN, as in PyTorch: hence 0 · y.
    unary("softsign", lambda xp, x: x / (1 + xp.abs(x)),
          lambda xp, gy, x, y: gy / xp.square(1 + xp.abs(x)) + 0 * y,
          lambda x: x / (1 + (x if x.real > 0 else -x)), avoid=(0.0,), long=True),
    unary("sigmoid", _sigmoid, lambda xp, gy, y: gy * y * (1 - y),
          lambda x: 1 / (1 + cmath.exp(-x)), low=-4.0, high=4.0, long=True),
    unary("logsigmoid", lambda xp, x: -_log1p_exp(xp, -x),
          lambda xp, gy, x: gy * _SIGMOID(-x), lambda x: -cmath.log(1 + cmath.exp(-x)),
          low=-4.0, high=4.0, long=True),
    unary("softplus",
          lambda xp, x, beta, threshold:
              xp.where(beta * x > threshold, x, _log1p_exp(xp, beta * x) / beta),
          lambda xp, gy, x, beta, threshold:
              xp.where(beta * x > threshold, gy, gy * _SIGMOID(beta * x)),
          _softplus_reference, avoid=(1.5,), long=True,
          grid=({"beta": 1.0, "threshold": 20.0}, {"beta": 2.0, "threshold": 3.0})),
    unary("hardsigmoid", lambda xp, x: xp.clip(x + 3, 0, 6) / 6,
          lambda xp, gy, x: xp.where((x > -3) & (x < 3), gy / 6, 0),
          lambda x: 0 if x.real <= -3 else 1 if x.real >= 3 else x / 6 + 0.5,
          avoid=(-3.0, 3.0), low=-5.0, high=5.0, long=True),
    unary("hardswish", lambda xp, x: x * xp.clip(x + 3, 0, 6) / 6,
          lambda xp, gy, x:
              xp.where(x >= 3, gy, xp.where(x <= -3, 0, gy * (x / 3 + 0.5))),
          lambda x: 0 * x if x.real <= -3 else x if x.real >= 3 else x * (x / 6 + 0.5),
          avoid=(-3.0, 3.0), low=-5.0, high=5.0, long=True),
    unary("silu", lambda xp, x: x * _sigmoid(xp, x), lambda xp, gy, x: _silu_slope(gy, x),
          lambda x: x / (1 + cmath.exp(-x)), low=-4.0, high=4.0, long=True),
    unary("mish", lambda xp, x: x * _tanh_softplus(xp, x),
          lambda xp, gy, x: gy * _mish_slope(xp, x),
          lambda x: x * cmath.tanh(cmath.log(1 + cmath.exp(x))), low=-4.0, high=4.0, long=True),
    unary("gelu", _gelu,
          lambda xp, gy, x, approximate: gy * _gelu_slope(xp, x, approximate),
          _gelu_reference, low=-4.0, high=4.0, long=True, bad={"approximate": "sigmoid"},
          grid=({"approximate": "none"}, {"approximate": "tanh"}),
          refuse=lambda approximate: None if approximate in ("none", "tanh") else
              f"approximate is 'none' or 'tanh' (got {approximate!r})"),
)  # fmt: skip

BY_NAME: dict[str, Op] = {op.name: op for op in ROWS}
_SIGMOID: Op = BY_NAME["sigmoid"]


def _silu_slope(gy: Array, x: Array) -> Array:
    s = _SIGMOID(x)
    return gy * s * (1 + x * (1 - s))


def _mish_slope(xp: Any, x: Array) -> Array:
    """t + x t' with t = tanh(log(1 + eˣ)), t' = (1 − t²) σ(x)"""
    t = _tanh_softplus(xp, x)
    return t + x * (1 - t * t) * _SIGMOID(x)
