"""batch_norm of matrices and of the shortest planes: vectors run along (C, S).

Each column of x (N, C S) has sums of its own, for as many channels at a time as keep them in the
cache; at the end the S columns of a channel are added up. Four rows are added in float32, and the
fours in float64.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .runs import FAST, line, mean_and_variance, origin_of, slopes

WIDTH = 512  # columns at a time


@njit(cache=True, nogil=True, error_model="numpy")
def forward(x, weight, bias, training, eps, y, statistics, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (N, C, S); weight, bias (C,); statistics (3, C): μ, v, σ."""
    N, C, S = x.shape
    flat, out = x.reshape(N, C * S), y.reshape(N, C * S)
    end, step = C * (thread + 1) // threads, max(1, WIDTH // S)
    table = np.empty((3, step, S), np.float32)
    row = table.reshape(3, step * S)
    for begin in range(C * thread // threads, end, step):
        stop = min(begin + step, end)
        left, right = begin * S, stop * S
        if training:
            _statistics(x, begin, stop, statistics)
        for c in range(begin, stop):
            statistics[2, c] = 1 / np.sqrt(statistics[1, c] + eps)
            values = line(statistics[0, c], statistics[2, c], weight[c], bias[c])
            for k in range(3):
                table[k, c - begin] = values[k]
        for n in range(N):
            _normalise(flat[n, left:right], row[0], row[1], row[2], out[n, left:right])


@njit(cache=True, nogil=True, error_model="numpy")
def _statistics(x, begin, stop, statistics):  # type: ignore[no-untyped-def]
    """μ and v of some channels."""
    N, C, S = x.shape
    flat, left, right = x.reshape(N, C * S), begin * S, stop * S
    origins = np.empty((stop - begin, S), np.float32)
    sums = np.zeros((2, stop - begin, S), np.float64)
    for c in range(begin, stop):
        origins[c - begin] = origin_of(x[0, c])
    origin, first = origins.reshape(right - left), sums[0].reshape(right - left)
    second = sums[1].reshape(right - left)
    for n in range(0, N - 3, 4):
        _four_moments(
            flat[n, left:right], flat[n + 1, left:right], flat[n + 2, left:right],
            flat[n + 3, left:right], origin, first, second,
        )  # fmt: skip
    for n in range(N - N % 4, N):
        _moments(flat[n, left:right], origin, first, second)
    for c in range(begin, stop):
        k = c - begin
        statistics[:2, c] = mean_and_variance(
            sums[0, k].sum(), sums[1, k].sum(), np.float64(origins[k, 0]), N * S
        )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _moments(x, origin, first, second):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        d = np.float64(x[i]) - np.float64(origin[i])
        first[i] += d
        second[i] += d * d


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _four_moments(p, q, r, s, origin, first, second):  # type: ignore[no-untyped-def]
    for i in range(p.size):
        o = origin[i]
        a, b, c, d = p[i] - o, q[i] - o, r[i] - o, s[i] - o
        first[i] += np.float64((a + b) + (c + d))
        second[i] += np.float64((a * a + b * b) + (c * c + d * d))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _normalise(x, mean, scale, offset, y):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        y[i] = (x[i] - mean[i]) * scale[i] + offset[i]


@njit(cache=True, nogil=True, error_model="numpy")
def backward(g, x, weight, means, inverses, wanted, gx, sums, thread, threads):  # type: ignore[no-untyped-def]
    """g, x, gx (N, C, S); sums (2, C): Σ g, Σ g x̂; weight, means, inverses (C,)."""
    N, C, S = x.shape
    training, input_wanted, sums_wanted = wanted
    sources, flat, out = g.reshape(N, C * S), x.reshape(N, C * S), gx.reshape(len(gx), C * S)
    end, step = C * (thread + 1) // threads, max(1, WIDTH // S)
    table = np.empty((4, step, S), np.float32)
    row = table.reshape(4, step * S)
    for begin in range(C * thread // threads, end, step):
        stop = min(begin + step, end)
        left, right = begin * S, stop * S
        sums[:, begin:stop] = 0
        for c in range(begin, stop):
            table[0, c - begin] = means[c]
        if training or sums_wanted:
            _sums(g, x, row[0], begin, stop, means, inverses, sums)
        for c in range(begin, stop):
            values = slopes(sums[:, c], means[c], inverses[c], weight[c], N * S)
            for k in range(3):
                table[1 + k, c - begin] = values[k]
        for n in range(len(out) if input_wanted else 0):
            if training:
                _combine(
                    sources[n, left:right], flat[n, left:right], row[0], row[1], row[2], row[3],
                    out[n, left:right],
                )  # fmt: skip
            else:
                _scale(sources[n, left:right], row[1], out[n, left:right])


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(g, x, mean, begin, stop, means, inverses, sums):  # type: ignore[no-untyped-def]
    """Σ g and Σ g x̂ of some channels."""
    N, C, S = x.shape
    left, right = begin * S, stop * S
    sources, flat = g.reshape(N, C * S), x.reshape(N, C * S)
    parts = np.zeros((2, stop - begin, S), np.float64)
    totals, alongs = parts[0].reshape(right - left), parts[1].reshape(right - left)
    for n in range(0, N - 3, 4):
        _four_products(
            sources[n, left:right], sources[n + 1, left:right], sources[n + 2, left:right],
            sources[n + 3, left:right], flat[n, left:right], flat[n + 1, left:right],
            flat[n + 2, left:right], flat[n + 3, left:right], mean, totals, alongs,
        )  # fmt: skip
    for n in range(N - N % 4, N):
        _products(sources[n, left:right], flat[n, left:right], mean, totals, alongs)
    for c in range(begin, stop):
        total, along = parts[0, c - begin].sum(), parts[1, c - begin].sum()
        sums[0, c] = total
        sums[1, c] = (along + (np.float32(means[c]) - means[c]) * total) * inverses[c]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _products(g, x, mean, totals, alongs):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        totals[i] += np.float64(g[i])
        alongs[i] += np.float64(g[i] * (x[i] - mean[i]))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _four_products(e, f, g, h, p, q, r, s, mean, totals, alongs):  # type: ignore[no-untyped-def]
    for i in range(p.size):
        m = mean[i]
        near = e[i] * (p[i] - m) + f[i] * (q[i] - m)
        far = g[i] * (r[i] - m) + h[i] * (s[i] - m)
        totals[i] += np.float64((e[i] + f[i]) + (g[i] + h[i]))
        alongs[i] += np.float64(near + far)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _combine(g, x, mean, a, b, d, gx):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        gx[i] = a[i] * (g[i] + (b[i] * (x[i] - mean[i]) + d[i]))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _scale(g, a, gx):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        gx[i] = a[i] * g[i]
