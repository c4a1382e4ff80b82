"""Rows that are normalised each on its own, with a weight for every place: layers, short groups.

A row is read once for its statistics and a second time, from the cache, for what is written. Row r
has the weights of group r mod G. The gradients of the weights are summed over FEW rows in float32
and over those in float64, by each task for its part of the samples and one group; where there are
fewer groups than threads, the samples are parted, and the parts are added up in their order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from .runs import BLOCK, FAST, mean_and_variance, moments, origin_of

FEW = 32  # rows

Array = np.ndarray


def forward(x: Array, weight: Array, bias: Array, centred: bool, eps: float, y: Array) -> Array:
    """Writes y (R, n) of x (R, n), weight and bias (G, n); returns statistics (3, R): μ, v, σ."""
    statistics = np.empty((3, len(x)), np.float64)
    threads.run(
        _forward, x, weight, bias, centred, eps, y, statistics, most=threads.worth(8 * x.size)
    )
    return statistics


def backward(
    g: Array, x: Array, weight: Array, statistics: tuple[Array, Array], centred: bool, gx: Array
) -> Array:
    """Writes gx (R, n), unless it has no rows; returns Σ g and Σ g x̂ (2, G, n)."""
    (R, n), G, most = x.shape, len(weight), threads.worth(8 * x.size)
    parts = 1 if most <= G else min(most, R // G)
    sums = np.zeros((parts, 2, G, n), np.float64)
    mean, inverse = (np.asarray(s, np.float64).reshape(R) for s in statistics)
    threads.run(_backward, g, x, weight, mean, inverse, centred, gx, sums, most=most)
    return sums[0] if parts == 1 else sums.sum(0)


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(x, weight, bias, centred, eps, y, statistics, thread, threads):  # type: ignore[no-untyped-def]
    R, n = x.shape
    for r in range(R * thread // threads, R * (thread + 1) // threads):
        origin = origin_of(x[r]) if centred else 0.0
        first, second = moments(x[r], origin)
        mean, variance = 0.0, second / n
        if centred:
            mean, variance = mean_and_variance(first, second, origin, n)
        inverse = 1 / np.sqrt(variance + eps)
        statistics[0, r], statistics[1, r], statistics[2, r] = mean, variance, inverse
        k = r % len(weight)
        near = np.float32(mean)
        rest = np.float32((near - mean) * inverse)
        _normalise(x[r], near, np.float32(inverse), rest, weight[k], bias[k], y[r])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _normalise(x, mean, inverse, rest, weight, bias, y):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        y[i] = ((x[i] - mean) * inverse + rest) * weight[i] + bias[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _backward(g, x, weight, means, inverses, centred, gx, sums, thread, threads):  # type: ignore[no-untyped-def]
    R, n = x.shape
    G, parts = len(weight), len(sums)
    samples = R // G
    few = np.empty((2, n), np.float32)
    for task in range(parts * G * thread // threads, parts * G * (thread + 1) // threads):
        part, group = task // G, task % G
        end = samples * (part + 1) // parts
        for start in range(samples * part // parts, end, FEW):
            few[:] = 0
            for sample in range(start, min(start + FEW, end)):
                r = sample * G + group
                _row(g[r], x[r], weight[group], means[r], inverses[r], centred, few, gx, r)
            for k in range(2):
                for i in range(n):
                    sums[part, k, group, i] += np.float64(few[k, i])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def _row(g, x, weight, mean, inverse, centred, few, gx, r):  # type: ignore[no-untyped-def]
    """Adds g and g x̂ to `few` (2, n), and writes row r of gx."""
    n = x.size
    near, single = np.float32(mean), np.float32(inverse)
    rest = np.float32((near - mean) * inverse)
    total, along = 0.0, 0.0
    for start in range(0, n, BLOCK):
        s = slice(start, min(start + BLOCK, n))
        a, b = _block(g[s], x[s], weight[s], near, single, rest, few[0, s], few[1, s])
        total += np.float64(a)
        along += np.float64(b)
    if len(gx):
        mean_h = np.float32(total / n if centred else 0.0)
        _combine(g, x, weight, near, single, rest, mean_h, np.float32(along / n), gx[r])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath=FAST)
def _block(g, x, weight, mean, inverse, rest, sum_g, sum_gx):  # type: ignore[no-untyped-def]
    """Σ h and Σ h x̂ of the values h = γ g."""
    total, along = np.float32(0), np.float32(0)
    for i in range(x.size):
        normal, h = (x[i] - mean) * inverse + rest, g[i] * weight[i]
        sum_g[i] += g[i]
        sum_gx[i] += g[i] * normal
        total += h
        along += h * normal
    return total, along


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _combine(g, x, weight, mean, inverse, rest, total, along, gx):  # type: ignore[no-untyped-def]
    """gx = σ (h − (Σ h + x̂ Σ h x̂) / n)."""
    for i in range(x.size):
        normal = (x[i] - mean) * inverse + rest
        gx[i] = (g[i] * weight[i] - (total + normal * along)) * inverse
