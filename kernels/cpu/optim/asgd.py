"""ASGD for all parameters at once; the equation is in minitorch_cv/optim/asgd.py.

Columns: x, g, the average, step, eta, mu.
Options: lr, λ, α, t₀, weight decay, maximize.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import count, descent, number, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        eta, mu, step = number(a[4]), number(a[5]), count(a[3])
        c[0] = -1 if o[5] else 1
        c[1] = o[4]
        c[2] = eta[0]
        c[3] = 1 - o[1] * np.float64(eta[0])
        c[4] = mu[0]
        eta[0] = o[0] / (1 + o[1] * o[0] * step) ** o[2]
        mu[0] = 1 / max(1.0, step - o[3])


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
def _rule(x, g, average, c):  # type: ignore[no-untyped-def]
    sign, decay, eta = np.float32(c[0]), np.float32(c[1]), np.float32(c[2])
    shrink, mu = np.float32(c[3]), np.float32(c[4])
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        moved = x[i] * shrink - d * eta
        old = average[i]
        average[i] = moved if mu == 1 else old + (moved - old) * mu
        x[i] = moved


update = updater(prepare, _apply)
