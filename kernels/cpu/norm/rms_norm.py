"""rms_norm in numba: layer_norm's rows (rows.py) with nothing taken off; r is kept in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import rows
from .parameters import as_rows, or_constant


def supports(x: np.ndarray, weight: np.ndarray | None = None, **_: Any) -> bool:
    """False where the weight is of another dtype than x, which this op allows."""
    alike = weight is None or weight.dtype == np.float32
    return bool(x.dtype == np.float32 and x.size and alike)


def forward(
    x: np.ndarray, weight: np.ndarray | None, *, normalized_shape: Sequence[int],
    eps: float | None = None,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    n = math.prod(normalized_shape)
    y = np.empty(x.shape, np.float32)
    statistics = rows.forward(
        as_rows(x, n), or_constant(weight, n, 1)[None], or_constant(None, n, 0)[None], False,
        2.0**-23 if eps is None else float(eps), as_rows(y, n),
    )  # fmt: skip
    return y, (x, weight, statistics[2, :, None], tuple(normalized_shape))


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight, shape = saved.x, saved.weight, saved.normalized_shape
    if not supports(x, weight):
        return NotImplemented
    n = math.prod(shape)
    zero, gx = np.zeros(x.size // n), np.empty(x.shape if needs[0] else (0, n), np.float32)
    _, along = rows.backward(
        as_rows(gy, n), as_rows(x, n), or_constant(weight, n, 1)[None], (zero, saved.inverse),
        False, as_rows(gx, n),
    )  # fmt: skip
    gweight = None
    if needs[1] and weight is not None:
        gweight = along.astype(np.float32).reshape(shape)
    return (gx if needs[0] else None), gweight
