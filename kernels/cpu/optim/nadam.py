"""NAdam for all parameters at once; the equation is in minitorch_cv/optim/nadam.py.

Columns: x, g, m, v, step, the product of all μ so far.
Options: lr, β₁, β₂, ε, weight decay, decoupled, maximize, momentum decay.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import average, average_square, count, descent, number, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        a, o, c = addresses[row], options[groups[row]], numbers[row]
        lr, decay, decoupled, step = o[0], o[4], o[5], count(a[4])
        mu = o[1] * (1 - 0.5 * 0.96 ** (step * o[7]))
        following = o[1] * (1 - 0.5 * 0.96 ** ((step + 1) * o[7]))
        product = number(a[5])
        product[0] *= np.float32(mu)
        c[0] = -1 if o[6] else 1
        c[1] = 0 if decoupled else decay
        c[2] = 1 - lr * decay if decoupled else 1
        c[3] = o[1]
        c[4] = o[2]
        c[5] = o[3]
        c[6] = lr * (1 - mu) / (1 - np.float64(product[0]))
        c[7] = lr * following / (1 - np.float64(product[0]) * following)
        c[8] = math.sqrt(1 - o[2] ** step)


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
    eps, now, ahead, bias = np.float32(c[5]), np.float32(c[6]), np.float32(c[7]), np.float32(c[8])
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        mean = average(m[i], d, beta1, rest1)
        square = average_square(v[i], d, beta2, rest2)
        m[i], v[i] = mean, square
        step = (d * now + mean * ahead) / (math.sqrt(square) / bias + eps)
        x[i] = x[i] * shrink - step


update = updater(prepare, _apply)
