"""layer_norm in numba: row by row, as rows.py has it. μ and σ are kept in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import rows
from .parameters import as_rows, or_constant


def supports(x: np.ndarray, *_: Any, **__: Any) -> bool:
    return bool(x.dtype == np.float32 and x.size)


def forward(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, *,
    normalized_shape: Sequence[int], eps: float,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    n = math.prod(normalized_shape)
    y = np.empty(x.shape, np.float32)
    statistics = rows.forward(
        as_rows(x, n), or_constant(weight, n, 1)[None], or_constant(bias, n, 0)[None], True,
        float(eps), as_rows(y, n),
    )  # fmt: skip
    mean, inverse = statistics[0, :, None], statistics[2, :, None]
    bias_dtype = None if bias is None else bias.dtype
    return y, (x, weight, mean, inverse, bias_dtype, tuple(normalized_shape))


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight, shape = saved.x, saved.weight, saved.normalized_shape
    if not supports(x):
        return NotImplemented
    n = math.prod(shape)
    gx = np.empty(x.shape if needs[0] else (0, n), np.float32)
    total, along = rows.backward(
        as_rows(gy, n), as_rows(x, n), or_constant(weight, n, 1)[None],
        (saved.mean, saved.inverse), True, as_rows(gx, n),
    )  # fmt: skip
    gweight = gbias = None
    if needs[1] and weight is not None:
        gweight = along.astype(np.float32).reshape(shape)
    if needs[2] and saved.bias_dtype is not None:
        gbias = total.astype(saved.bias_dtype).reshape(shape)
    return (gx if needs[0] else None), gweight, gbias
