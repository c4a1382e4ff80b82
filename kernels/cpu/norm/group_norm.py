"""group_norm in numba: one group of one sample at a time, which is one run of memory.

It is read once for its statistics and a second time, from the cache, plane by plane with the
weights of its channels. Planes shorter than SHORT are written by rows (rows.py), with the weights
laid out over the whole group. A thread adds up Σ gy and Σ gy x̂ of groups of its own; where there
are fewer groups than threads, the samples are parted, and the parts are added up in their order.
instance_norm is the case of one channel in each group. μ and σ are kept in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ... import threads
from . import rows
from .parameters import as_planes, as_rows, or_constant
from .runs import line, mean_and_variance, moments, normalise, origin_of, products

SHORT = 40  # values in a plane

Array = np.ndarray


def supports(x: Array, *_: Any, **__: Any) -> bool:
    return bool(x.dtype == np.float32 and x.size)


def forward(
    x: Array, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float
) -> tuple[tuple[Array, ...], tuple[Any, ...]]:
    (N, C), G = x.shape[:2], num_groups
    S, n = x.size // (N * C), x.size // (N * G)
    y, w, b = np.empty(x.shape, np.float32), or_constant(weight, C, 1), or_constant(bias, C, 0)
    if S < SHORT:
        w, b = (_laid_out(v, S, G) for v in (w, b))
        statistics = rows.forward(as_rows(x, n), w, b, True, float(eps), as_rows(y, n))
    else:
        statistics = np.empty((3, N * G), np.float64)
        threads.run(
            _forward, as_planes(x), w, b, float(eps), as_planes(y), statistics,
            most=threads.worth(8 * x.size),
        )  # fmt: skip
    mean, inverse = statistics[::2].reshape(2, N, G, 1, 1)
    single = statistics[:2].astype(np.float32).reshape(2, N, G)
    fields = (x, weight, mean, inverse, None if bias is None else bias.dtype)
    return (y, single[0], single[1]), fields


def backward(gy: Array, saved: Any, needs: Sequence[bool]) -> Any:
    x, weight = saved.x, saved.weight
    if not supports(x):
        return NotImplemented
    (N, C), G = x.shape[:2], saved.inverse.shape[1]
    S, n, w = x.size // (N * C), x.size // (N * G), or_constant(weight, C, 1)
    gx = np.empty(x.shape if needs[0] else (0, C, n), np.float32)
    if S < SHORT:
        sums = rows.backward(
            as_rows(gy, n), as_rows(x, n), _laid_out(w, S, G), (saved.mean, saved.inverse), True,
            as_rows(gx, n),
        ).reshape(2, C, S).sum(2)  # fmt: skip
    else:
        sums = _gradients(as_planes(gy), as_planes(x), w, saved, as_planes(gx))
    gweight = sums[1].astype(np.float32) if needs[1] and weight is not None else None
    gbias = None
    if needs[2] and saved.bias_dtype is not None:
        gbias = sums[0].astype(saved.bias_dtype)
    return (gx if needs[0] else None), gweight, gbias


def _laid_out(parameter: Array, S: int, G: int) -> Array:
    """(C,) as (G, C/G·S)."""
    return np.repeat(parameter, S).reshape(G, len(parameter) // G * S)


def _gradients(gy: Array, x: Array, w: Array, saved: Any, gx: Array) -> Array:
    """Writes gx, unless it has no samples; returns Σ gy and Σ gy x̂ (2, C)."""
    (N, C), G = x.shape[:2], saved.inverse.shape[1]
    most = threads.worth(8 * x.size)
    most = most if most <= G else min(most, N)
    parts = 1 if most <= G else most
    sums = np.zeros((parts, 2, C), np.float64)
    mean, inverse = (np.asarray(s, np.float64).reshape(N, G) for s in (saved.mean, saved.inverse))
    threads.run(_backward, gy, x, w, mean, inverse, gx, sums, most=most)
    return np.asarray(sums.sum(0))


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(x, weight, bias, eps, y, statistics, thread, threads):  # type: ignore[no-untyped-def]
    """x, y (N, C, S); weight, bias (C,); statistics (3, N·G): μ, v, σ."""
    N, C, S = x.shape
    runs = statistics.shape[1]
    K = C * N // runs
    values = x.reshape(runs, K * S)
    for r in range(runs * thread // threads, runs * (thread + 1) // threads):
        origin = origin_of(values[r])
        first, second = moments(values[r], origin)
        mean, variance = mean_and_variance(first, second, origin, K * S)
        inverse = 1 / np.sqrt(variance + eps)
        statistics[0, r], statistics[1, r], statistics[2, r] = mean, variance, inverse
        n, start = r * K // C, r * K % C
        for c in range(start, start + K):
            near, scale, offset = line(mean, inverse, weight[c], bias[c])
            normalise(x[n, c], near, scale, offset, y[n, c])


@njit(cache=True, nogil=True, error_model="numpy")
def _backward(g, x, weight, means, inverses, gx, sums, thread, threads):  # type: ignore[no-untyped-def]
    """g, x, gx (N, C, S); sums (parts, 2, C); weight (C,); means, inverses (N, G)."""
    N, C, S = x.shape
    G, parts = means.shape[1], len(sums)
    K, some, groups = C // G, range(1), range(G)
    if parts == 1:
        groups = range(G * thread // threads, G * (thread + 1) // threads)
    else:
        some = range(parts * thread // threads, parts * (thread + 1) // threads)
    for part in some:
        for n in range(N * part // parts, N * (part + 1) // parts):
            for k in groups:
                _group(
                    g[n], x[n], weight, means[n, k], inverses[n, k], k * K, (k + 1) * K,
                    sums[part], gx, n,
                )  # fmt: skip


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def _group(g, x, weight, mean, inverse, start, stop, sums, gx, n):  # type: ignore[no-untyped-def]
    """The channels from start to stop of sample n: g, x (C, S), sums (2, C)."""
    near, total, along = np.float32(mean), 0.0, 0.0
    for c in range(start, stop):
        a, b = products(g[c], x[c], near)
        b = (b + (near - mean) * a) * inverse
        sums[0, c] += a
        sums[1, c] += b
        total += a * weight[c]
        along += b * weight[c]
    if not len(gx):
        return
    count = (stop - start) * x.shape[1]
    slope = -inverse * inverse * along / count
    shift = np.float32(slope * (near - mean) - inverse * total / count)
    for c in range(start, stop):
        a = np.float32(inverse * weight[c])
        _combine(g[c], x[c], near, a, np.float32(slope), shift, gx[n, c])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _combine(g, x, mean, a, b, d, gx):  # type: ignore[no-untyped-def]
    """gx = a g + b (x − m) + d."""
    for i in range(x.size):
        gx[i] = a * g[i] + (b * (x[i] - mean) + d)
