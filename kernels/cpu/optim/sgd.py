"""SGD for all parameters at once; the equation is in minitorch_cv/optim/sgd.py.

Columns: x, g, b (0 without momentum).
Options: lr, momentum, dampening, weight decay, nesterov, maximize.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..memory import floats
from ..shares import share
from .rows import descent, updater


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(addresses, sizes, groups, options, numbers):  # type: ignore[no-untyped-def]
    for row in range(sizes.size):
        if sizes[row] == 0:
            continue
        o, c = options[groups[row]], numbers[row]
        c[0] = -1 if o[5] else 1
        c[1] = o[3]
        c[2] = o[0]
        c[3] = o[1]
        c[4] = 1 - o[2]
        c[5] = o[4]


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
def _rule(x, g, b, c):  # type: ignore[no-untyped-def]
    sign, decay, lr = np.float32(c[0]), np.float32(c[1]), np.float32(c[2])
    momentum, fresh, nesterov = np.float32(c[3]), np.float32(c[4]), c[5] != 0
    for i in range(x.size):
        d = descent(g[i], x[i], sign, decay)
        if momentum != 0:
            moving = b[i] * momentum + d * fresh
            b[i] = moving
            d = d + moving * momentum if nesterov else moving
        x[i] -= d * lr


update = updater(prepare, _apply)
