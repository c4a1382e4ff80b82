"""The activation functions whose derivative fits on one line: a row each.

At their kink in 0 the derivative follows PyTorch: relu'(0) = 0, leaky_relu'(0) = negative_slope,
elu'(0) = alpha. NaN stays NaN.
"""

from __future__ import annotations

import cmath
from typing import Any

from ...backend.library import Array
from ..op import Op
from .table import unary


def _sigmoid(xp: Any, x: Array) -> Array:
    """1 / (1 + e^−x), written with e^−|x| so that no exponential overflows."""
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + e), e / (1 + e))


ROWS: tuple[Op, ...] = (
    unary("relu", lambda xp, x: xp.maximum(x, 0), lambda xp, gy, y: xp.where(y <= 0, 0, gy),
          lambda x: 0 if x.real <= 0 else x, avoid=(0.0,), whole=True),
    unary("leaky_relu",
          lambda xp, x, negative_slope: xp.where(x > 0, x, negative_slope * x),
          lambda xp, gy, x, negative_slope: xp.where(x > 0, gy, negative_slope * gy),
          lambda x, negative_slope: x if x.real > 0 else negative_slope * x, avoid=(0.0,),
          grid=({"negative_slope": 0.01}, {"negative_slope": 0.3})),
    unary("elu",
          lambda xp, x, alpha: xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0))),
          lambda xp, gy, x, y, alpha: xp.where(x <= 0, gy * (y + alpha), gy),
          lambda x, alpha: x if x.real > 0 else alpha * (cmath.exp(x) - 1), avoid=(0.0,),
          grid=({"alpha": 1.0}, {"alpha": 0.4})),
    unary("sigmoid", _sigmoid, lambda xp, gy, y: gy * y * (1 - y),
          lambda x: 1 / (1 + cmath.exp(-x)), low=-4.0, high=4.0),
)  # fmt: skip

BY_NAME: dict[str, Op] = {op.name: op for op in ROWS}
