"""batch_norm of images that stay in the caches: a thread has images, as in convolutions.

Sums are taken of each plane first, and added up over the images in a second call, in their order:
no result depends on how many threads there are. Channels of its own (planes.py) would spare a
thread the second reading, but half of what it reads, another core has written.
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


@njit(cache=True, nogil=True, error_model="numpy")
def plane_moments(x, sums, thread, threads):  # type: ignore[no-untyped-def]
    """sums (N, C, 2): Σ (x − o) and Σ (x − o)² of each plane of x (N, C, S)."""
    N, C, _ = x.shape
    first, last = share(N * C, thread, threads)
    for plane in range(first, last):
        n, c = divmod(plane, C)
        sums[n, c, 0], sums[n, c, 1] = moments(x[n, c], origin_of(x[0, c]))


@njit(cache=True, nogil=True, error_model="numpy")
def forward(x, weight, bias, eps, sums, y, statistics, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (N, C, S); weight, bias (C,); statistics (3, C): μ, v, σ.

    sums (N, C, 2): of planes; empty where μ and v are given.
    """
    N, C, S = x.shape
    table = np.empty((3, C), np.float32)
    for c in range(C):
        mean, variance = statistics[0, c], statistics[1, c]
        if sums.size:
            total, square = 0.0, 0.0
            for n in range(N):
                total += sums[n, c, 0]
                square += sums[n, c, 1]
            mean, variance = mean_and_variance(total, square, origin_of(x[0, c]), N * S)
        inverse = 1 / np.sqrt(variance + eps)
        table[0, c], table[1, c], table[2, c] = line(mean, inverse, weight[c], bias[c])
        if thread == 0:
            statistics[0, c], statistics[1, c], statistics[2, c] = mean, variance, inverse
    first, last = share(N * C, thread, threads)
    for plane in range(first, last):
        n, c = divmod(plane, C)
        normalise(x[n, c], table[0, c], table[1, c], table[2, c], y[n, c])


@njit(cache=True, nogil=True, error_model="numpy")
def plane_products(g, x, means, parts, thread, threads):  # type: ignore[no-untyped-def]
    """parts (N, C, 2): Σ g and Σ g (x − m) of each plane."""
    N, C, _ = x.shape
    first, last = share(N * C, thread, threads)
    for plane in range(first, last):
        n, c = divmod(plane, C)
        parts[n, c, 0], parts[n, c, 1] = products(g[n, c], x[n, c], np.float32(means[c]))


@njit(cache=True, nogil=True, error_model="numpy")
def backward(g, x, weight, means, inverses, wanted, parts, gx, sums, thread, threads):  # type: ignore[no-untyped-def]
    """g, x, gx (N, C, S); sums (2, C): Σ g, Σ g x̂; weight, means, inverses (C,)."""
    N, C, S = x.shape
    training, input_wanted = wanted[0], wanted[1]
    table = np.empty((3, C), np.float32)
    own = np.zeros((2, C))
    for c in range(C):
        for n in range(len(parts)):
            own[0, c] += parts[n, c, 0]
            own[1, c] += parts[n, c, 1]
        rest = np.float32(means[c]) - means[c]
        own[1, c] = (own[1, c] + rest * own[0, c]) * inverses[c]
        table[0, c], table[1, c], table[2, c] = slopes(
            own[:, c], means[c], inverses[c], weight[c], N * S
        )
    if thread == 0:
        sums[:] = own
    first, last = share(N * C, thread, threads) if input_wanted else (0, 0)
    for plane in range(first, last):
        n, c = divmod(plane, C)
        a, b, d = table[0, c], table[1, c], table[2, c]
        if training:
            combine(g[n, c], x[n, c], np.float32(means[c]), a, b, d, gx[n, c])
        else:
            scale(g[n, c], a, gx[n, c])
