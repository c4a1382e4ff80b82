"""Adamax for all parameters at once; the equation is in minitorch_cv/optim/adamax.py.

Columns: x, g, m, u, step.
Options: lr, β₁, β₂, ε, weight decay, maximize.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import average, count, descent, larger, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        c[0] = -1 if o[5] else 1
        c[1] = o[4]
        c[2] = o[1]
        c[3] = o[2]
        c[4] = o[3]
        c[5] = o[0] / (1 - o[1] ** count(a[4]))


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
def _rule(x, g, m, u, c):  # type: ignore[no-untyped-def]
    sign, decay = np.float32(c[0]), np.float32(c[1])
    beta1, rest1 = np.float32(c[2]), np.float32(1 - c[2])
    beta2, eps, lr = np.float32(c[3]), np.float32(c[4]), np.float32(c[5])
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        mean = average(m[i], d, beta1, rest1)
        most = larger(u[i] * beta2, abs(d) + eps)
        m[i], u[i] = mean, most
        x[i] -= mean / most * lr


update = updater(prepare, _apply)
