"""RAdam for all parameters at once; the equation is in minitorch_cv/optim/radam.py.

Columns: x, g, m, v, step.
Options: lr, β₁, β₂, ε, weight decay, decoupled, maximize.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import average, average_square, count, descent, updater


@njit(cache=True, nogil=True, error_model="numpy")
def _rectification(step, beta2):  # type: ignore[no-untyped-def]
    """r_t; 0 while ρ_t ≤ 5."""
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return 0.0
    return math.sqrt(
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    )


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        lr, decay, decoupled, step = o[0], o[4], o[5], count(a[4])
        c[0] = -1 if o[6] else 1
        c[1] = 0 if decoupled else decay
        c[2] = 1 - lr * decay if decoupled else 1
        c[3] = o[1]
        c[4] = o[2]
        c[5] = o[3]
        c[6] = lr / (1 - o[1] ** step)
        c[7] = _rectification(step, o[2]) * math.sqrt(1 - o[2] ** step)


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
def _rule(x, g, m, v, c):  # type: ignore[no-untyped-def]
    sign, decay, shrink = np.float32(c[0]), np.float32(c[1]), np.float32(c[2])
    beta1, rest1 = np.float32(c[3]), np.float32(1 - c[3])
    beta2, rest2 = np.float32(c[4]), np.float32(1 - c[4])
    rectified = c[7] > 0
    eps, lr = np.float32(c[5]), np.float32(c[6] * c[7] if rectified else c[6])
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        mean = average(m[i], d, beta1, rest1)
        square = average_square(v[i], d, beta2, rest2)
        m[i], v[i] = mean, square
        step = mean / (math.sqrt(square) + eps) if rectified else mean
        x[i] = x[i] * shrink - step * lr


update = updater(prepare, _apply)
