"""pad with a constant on the last two axes, in numba: every number of y is written once.

float32. The gradient is the op's own: pad again, with all numbers negated.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth


def supports(
    x: np.ndarray, *, pad: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> bool:
    return mode == "constant" and x.dtype == np.float32 and x.ndim > 1 and not any(pad[4:])


def forward(
    x: np.ndarray, *, pad: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> tuple[np.ndarray, tuple[Any, ...]]:
    left, right, top, bottom = (*map(int, pad[:4]), 0, 0, 0, 0)[:4]
    *lead, H, W = x.shape
    OH, OW, planes = H + top + bottom, W + left + right, math.prod(lead)
    y = np.empty((*lead, OH, OW), np.float32)
    run(
        _frame, np.ascontiguousarray(x).reshape(planes, H, W), y.reshape(planes, OH, OW),
        top, left, np.float32(value), most=worth(2 * y.size),
    )  # fmt: skip
    return y, (tuple(pad), mode, x.shape)


@njit(cache=True, nogil=True)
def _frame(x, y, top, left, value, thread, threads):  # type: ignore[no-untyped-def]
    """y[n, r] = x[n, r − top], moved to the right by `left`, and `value` where there is no x."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    first, last = max(left, 0), max(min(left + W, OW), 0)  # the columns of y that come from x
    last = max(first, last)
    start, count = max(-left, 0), last - first
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for r in range(OH):
            row, source = y[n, r], r - top
            if not 0 <= source < H or count == 0:
                row[:] = value
                continue
            row[:first] = value
            row[last:] = value
            taken, given = x[n, source, start : start + count], row[first:last]
            for s in range(count):
                given[s] = taken[s]
