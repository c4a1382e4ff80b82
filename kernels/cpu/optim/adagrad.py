"""Adagrad for all parameters at once; the equation is in minitorch_cv/optim/adagrad.py.

Columns: x, g, s, step.
Options: lr, lr decay, weight decay, ε, maximize.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import count, descent, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        c[0] = -1 if o[4] else 1
        c[1] = o[2]
        c[2] = o[3]
        c[3] = o[0] / (1 + (count(a[3]) - 1) * o[1])


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
                numbers[row],
            )


@njit(cache=True, nogil=True, error_model="numpy")
def _rule(x, g, s, c):  # type: ignore[no-untyped-def]
    sign, decay = np.float32(c[0]), np.float32(c[1])
    eps, lr = np.float32(c[2]), np.float32(c[3])
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        total = s[i] + d * d
        s[i] = total
        x[i] -= d / (math.sqrt(total) + eps) * lr


update = updater(prepare, _apply)
