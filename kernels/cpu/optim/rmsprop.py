"""RMSprop for all parameters at once; the equation is in minitorch_cv/optim/rmsprop.py.

Columns: x, g, v, m (0 where not centered), b (0 without momentum), step.
Options: lr, α, ε, weight decay, momentum, centered, maximize.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import average, average_square, count, descent, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        count(a[5])
        c[0] = -1 if o[6] else 1
        c[1] = o[3]
        c[2] = o[0]
        c[3] = o[1]
        c[4] = o[2]
        c[5] = o[4]
        c[6] = o[5]


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
                floats(a[4], begin, end),
                numbers[row],
            )


@njit(cache=True, nogil=True, error_model="numpy")
def _rule(x, g, v, m, b, c):  # type: ignore[no-untyped-def]
    sign, decay, lr = np.float32(c[0]), np.float32(c[1]), np.float32(c[2])
    alpha, rest, eps = np.float32(c[3]), np.float32(1 - c[3]), np.float32(c[4])
    momentum, centered = np.float32(c[5]), c[6] != 0
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        square = average_square(v[i], d, alpha, rest)
        v[i] = square
        if centered:
            mean = average(m[i], d, alpha, rest)
            m[i] = mean
            square = square - mean * mean
        step = d / (math.sqrt(square) + eps)
        if momentum != 0:
            step = b[i] * momentum + step
            b[i] = step
        x[i] -= step * lr


update = updater(prepare, _apply)
