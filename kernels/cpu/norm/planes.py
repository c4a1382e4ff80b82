"""batch_norm of images in training: some channels at a time, so that they stay in the cache.

A channel is read once for its sums and a second time, from the cache, for what is written. Planes
are short runs of memory: channels beside each other are taken together until a run is RUN long, and
all of them where there is nothing to sum. A thread has channels of its own, so that no result
depends on how many threads there are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..shares import share
from .runs import (
    combine,
    line,
    mean_and_variance,
    moments,
    normalise,
    origin_of,
    products,
    scale,
    slopes,
)

RUN = 1024  # values
STAY = 65536  # values that a core keeps in its cache


@njit(cache=True, nogil=True, error_model="numpy")
def step_of(N, S, channels, summed):  # type: ignore[no-untyped-def]
    """How many channels are taken together."""
    return max(1, min(RUN, max(STAY // N, 64)) // S) if summed else max(channels, 1)


@njit(cache=True, nogil=True, error_model="numpy")
def forward(x, weight, bias, eps, y, statistics, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (N, C, S); weight, bias (C,); statistics (3, C): μ, v, σ."""
    N, C, S = x.shape
    start, end = share(C, thread, threads)
    step = step_of(N, S, end - start, True)
    table = np.empty((3, step), np.float32)
    for begin in range(start, end, step):
        stop = min(begin + step, end)
        _statistics(x, begin, stop, statistics)
        for c in range(begin, stop):
            statistics[2, c] = 1 / np.sqrt(statistics[1, c] + eps)
            values = line(statistics[0, c], statistics[2, c], weight[c], bias[c])
            for k in range(3):
                table[k, c - begin] = values[k]
        for n in range(N):
            for c in range(begin, stop):
                k = c - begin
                normalise(x[n, c], table[0, k], table[1, k], table[2, k], y[n, c])


@njit(cache=True, nogil=True, error_model="numpy")
def _statistics(x, begin, stop, statistics):  # type: ignore[no-untyped-def]
    """μ and v of some channels."""
    N, _, S = x.shape
    origins, sums = np.empty(stop - begin), np.zeros((stop - begin, 2))
    for c in range(begin, stop):
        origins[c - begin] = origin_of(x[0, c])
    for n in range(N):
        for c in range(begin, stop):
            first, second = moments(x[n, c], origins[c - begin])
            sums[c - begin, 0] += first
            sums[c - begin, 1] += second
    for c in range(begin, stop):
        k = c - begin
        statistics[:2, c] = mean_and_variance(sums[k, 0], sums[k, 1], origins[k], N * S)


@njit(cache=True, nogil=True, error_model="numpy")
def backward(g, x, weight, means, inverses, wanted, gx, sums, thread, threads):  # type: ignore[no-untyped-def]
    """g, x, gx (N, C, S); sums (2, C): Σ g, Σ g x̂; weight, means, inverses (C,)."""
    N, C, S = x.shape
    training, input_wanted, sums_wanted = wanted
    start, end = share(C, thread, threads)
    step = step_of(N, S, end - start, training or sums_wanted)
    table = np.empty((3, step), np.float32)
    for begin in range(start, end, step):
        stop = min(begin + step, end)
        sums[:, begin:stop] = 0
        if training or sums_wanted:
            _sums(g, x, begin, stop, means, inverses, sums)
        if not input_wanted:
            continue
        for c in range(begin, stop):
            values = slopes(sums[:, c], means[c], inverses[c], weight[c], N * S)
            for k in range(3):
                table[k, c - begin] = values[k]
        _input_gradient(g, x, begin, stop, means, table, training, gx)


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(g, x, begin, stop, means, inverses, sums):  # type: ignore[no-untyped-def]
    for n in range(len(x)):
        for c in range(begin, stop):
            total, along = products(g[n, c], x[n, c], np.float32(means[c]))
            sums[0, c] += total
            sums[1, c] += along
    for c in range(begin, stop):
        rest = np.float32(means[c]) - means[c]
        sums[1, c] = (sums[1, c] + rest * sums[0, c]) * inverses[c]


@njit(cache=True, nogil=True, error_model="numpy")
def _input_gradient(g, x, begin, stop, means, table, training, gx):  # type: ignore[no-untyped-def]
    for n in range(len(x)):
        for c in range(begin, stop):
            a, b, d = table[0, c - begin], table[1, c - begin], table[2, c - begin]
            if training:
                combine(g[n, c], x[n, c], np.float32(means[c]), a, b, d, gx[n, c])
            else:
                scale(g[n, c], a, gx[n, c])
