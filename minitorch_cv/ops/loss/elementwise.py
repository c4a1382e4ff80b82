"""The losses that compare two numbers, x and a target t: a row each.

Columns: name, the error e = value(xp, x, t), gx = slope_x(xp, g, x, t) and gt, the naive reference
for two numbers. At kinks the slope follows PyTorch: |x − t| has slope 0 at 0 and for NaN. Where
float64 would overflow or meet log 0:
- softplus(z) = log(1 + eᶻ) is written max(z, 0) + log(1 + e^−|z|);
- binary_cross_entropy takes logarithms for at least −100, and x (1 − x) for at least 10⁻¹² in the
  slope, so that a sure wrong answer costs 100 and not infinity;
- kl_div takes 0 log 0 for 0; its slope in t there is that of no number, NaN, as in PyTorch.

Sources: mse_loss: C. Gauss, "Theoria motus", 1809, book 2, section 3. l1_loss: S. Boyd and L.
Vandenberghe, "Convex Optimization", 2004, section 6.1. huber_loss: P. Huber, "Robust estimation of
a location parameter", 1964. smooth_l1_loss: R. Girshick, "Fast R-CNN", ICCV 2015, equation 3.
The others: C. Bishop, "Pattern Recognition and Machine Learning", 2006, sections 1.6.1 (kl_div),
4.3.2 (the cross-entropies) and 7.1.1 (soft_margin_loss).
"""

from __future__ import annotations

import cmath
import math
from typing import Any

from ...backend.library import Array
from ..elementwise.activations import BY_NAME as ACTIVATIONS
from ..op import Op
from .pairs import error

SIGMOID = ACTIVATIONS["sigmoid"]
_LEAST = 9.999999960041972e-13  # 10⁻¹² rounded to float32, which is what PyTorch divides by


def _signed(xp: Any, g: Array, d: Array) -> Array:
    """sign(d) g; 0 for NaN."""
    sign = xp.sign(d)
    return xp.where(xp.equal(sign, sign), sign * g, 0)


def _softplus(xp: Any, z: Array) -> Array:
    return xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z)))


def _size(z: Any) -> Any:
    """|z| of a number that may be complex; constant at 0, where the slope is 0."""
    return -z if z.real < 0 else z if z.real != 0 else 0


def _log(z: Any) -> Any:
    """log z, at least −100; NaN below 0."""
    if z.real > math.exp(-100):
        return cmath.log(z)
    return -100 if z.real >= 0 else math.nan


def _positive(parameter: str) -> Any:
    """Judges that a parameter is above 0 (NaN is not)."""

    def judge(name: str, **params: float) -> None:
        if not params[parameter] > 0:
            raise ValueError(
                f"{name}: {parameter} is above 0 (got {params[parameter]}); use {parameter}=1.0"
            )

    return judge


ROWS: tuple[Op, ...] = (
    error("mse_loss", lambda xp, x, t: xp.square(x - t),
          lambda xp, g, x, t: 2 * (x - t) * g, lambda xp, g, x, t: 2 * (t - x) * g,
          lambda x, t: (x - t) * (x - t)),
    error("l1_loss", lambda xp, x, t: xp.abs(x - t),
          lambda xp, g, x, t: _signed(xp, g, x - t), lambda xp, g, x, t: _signed(xp, g, t - x),
          lambda x, t: _size(x - t), kinks=lambda: (0.0,)),
    error("huber_loss",
          lambda xp, x, t, delta: xp.where(xp.abs(x - t) <= delta, xp.square(x - t) / 2,
                                           delta * (xp.abs(x - t) - delta / 2)),
          lambda xp, g, x, t, delta: g * xp.clip(x - t, -delta, delta),
          lambda xp, g, x, t, delta: g * xp.clip(t - x, -delta, delta),
          lambda x, t, delta: (x - t) * (x - t) / 2 if abs((x - t).real) <= delta
          else delta * (_size(x - t) - delta / 2),
          judge=_positive("delta"), kinks=lambda delta: (0.0, delta, -delta),
          grid=({"delta": 1.0}, {"delta": 0.5}), bad=(({"delta": 0.0}, "delta is above 0"),)),
    error("smooth_l1_loss",
          lambda xp, x, t, beta: xp.where(xp.abs(x - t) < beta, xp.square(x - t) / (2 * beta),
                                          xp.abs(x - t) - beta / 2),
          lambda xp, g, x, t, beta: g * xp.clip((x - t) / beta, -1, 1),
          lambda xp, g, x, t, beta: g * xp.clip((t - x) / beta, -1, 1),
          lambda x, t, beta: (x - t) * (x - t) / (2 * beta) if abs((x - t).real) < beta
          else _size(x - t) - beta / 2,
          judge=_positive("beta"), kinks=lambda beta: (0.0, beta, -beta),
          grid=({"beta": 1.0}, {"beta": 0.5}), bad=(({"beta": -1.0}, "beta is above 0"),)),
    error("soft_margin_loss", lambda xp, x, t: _softplus(xp, -t * x),
          lambda xp, g, x, t: -g * t * SIGMOID(-t * x),
          lambda xp, g, x, t: -g * x * SIGMOID(-t * x),
          lambda x, t: cmath.log(1 + cmath.exp(-t * x))),
    error("binary_cross_entropy",
          lambda xp, x, t: (t - 1) * xp.maximum(xp.log1p(-x), -100)
          - t * xp.maximum(xp.log(x), -100),
          lambda xp, g, x, t: g * (x - t) / xp.maximum(x * (1 - x), _LEAST),
          lambda xp, g, x, t: g * (xp.log1p(-x) - xp.log(x)),
          lambda x, t: (t - 1) * _log(1 - x) - t * _log(x), low=0.05, high=0.95),
    error("binary_cross_entropy_with_logits",
          lambda xp, x, t: (1 - t) * x + _softplus(xp, -x),
          lambda xp, g, x, t: g * (SIGMOID(x) - t), lambda xp, g, x, t: -g * x,
          lambda x, t: (1 - t) * x + cmath.log(1 + cmath.exp(-x))),
    error("kl_div",
          lambda xp, x, t, log_target: xp.exp(t) * (t - x) if log_target
          else xp.where(xp.equal(t, 0), 0, t * xp.log(t)) - t * x,
          lambda xp, g, x, t, log_target: -g * (xp.exp(t) if log_target else t),
          lambda xp, g, x, t, log_target: g * (xp.exp(t) * (t - x + 1) if log_target
                                               else xp.log(t) + t / t - x),
          lambda x, t, log_target: cmath.exp(t) * (t - x) if log_target
          else t * cmath.log(t) - t * x, low=0.1,
          grid=({"log_target": False}, {"log_target": True})),
)  # fmt: skip

BY_NAME: dict[str, Op] = {op.name: op for op in ROWS}
