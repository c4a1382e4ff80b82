"""Rprop for all parameters at once; the equation is in minitorch_cv/optim/rprop.py.

Columns: x, g, the gradient before, the step sizes, step.
Options: η₋, η₊, the least and the largest step size, maximize.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import count, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        count(a[4])
        c[0] = -1 if o[4] else 1
        c[1:5] = o[:4]


@njit(cache=True, nogil=True, error_model="numpy")
def _apply(addresses, sizes, numbers, thread, threads):  # type: ignore[no-untyped-def]
    first, last = share(sizes.sum(), thread, threads)
    start = 0
    for row in range(sizes.size):
        begin, end = max(first - start, 0), min(last - start, sizes[row])
        start += sizes[row]
        if begin < end:
            a = addresses[row]
            _rule(
                floats(a[0], begin, end),
                floats(a[1], begin, end),
                floats(a[2], begin, end),
                floats(a[3], begin, end),
                numbers[row],
            )


@njit(cache=True, nogil=True, error_model="numpy")
def _rule(x, g, previous, sizes, c):  # type: ignore[no-untyped-def]
    sign, shrink, grow = np.float32(c[0]), np.float32(c[1]), np.float32(c[2])
    least, most = np.float32(c[3]), np.float32(c[4])
    for i in range(x.size):
        d = g[i] * sign
        turn = d * previous[i]
        scale = grow if turn > 0 else (shrink if turn < 0 else np.float32(1))
        scale = turn if turn != turn else scale  # NaN stays NaN
        size = sizes[i] * scale
        size = least if size < least else (most if size > most else size)
        d = np.float32(0) if turn < 0 else d
        previous[i], sizes[i] = d, size
        way = np.float32(1) if d > 0 else (np.float32(-1) if d < 0 else d)
        x[i] -= way * size


update = updater(prepare, _apply)
