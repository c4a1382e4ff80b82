"""What all normalisations do to a run of values that lie side by side in memory.

Moments are summed in float64: each float32 is widened, and so are differences and squares. Where
memory is what one waits for, that costs nothing, and the variance is right to 1e-10 even where the
mean is a million deviations away. Gradients, which do not cancel like that, are summed in float32
for a block, in many lanes, and in float64 over blocks. What is written comes from
`(x − m) scale + offset` in float32: m is the mean rounded to float32, so that x − m is exact near
it, and the offset takes up what that rounding left. The largest error is a few units of 1e-7.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FAST = {"contract", "reassoc", "nsz"}  # sums may be taken in another order; NaN is kept
BLOCK = 512  # values: so few that each lane of a vector adds up 16 at most


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath=FAST)
def moments(x, origin):  # type: ignore[no-untyped-def]
    """Σ (x − o) and Σ (x − o)²."""
    first, second = 0.0, 0.0
    for i in range(x.size):
        d = np.float64(x[i]) - origin
        first += d
        second += d * d
    return first, second


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath=FAST)
def products(g, x, mean):  # type: ignore[no-untyped-def]
    """Σ g and Σ g (x − m): BLOCK values in float32, the blocks in float64."""
    total, along = 0.0, 0.0
    for start in range(0, x.size, BLOCK):
        stop = min(start + BLOCK, x.size)
        a, b = _block(g[start:stop], x[start:stop], mean)
        total += np.float64(a)
        along += np.float64(b)
    return total, along


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath=FAST)
def _block(g, x, mean):  # type: ignore[no-untyped-def]
    total, along = np.float32(0), np.float32(0)
    for i in range(x.size):
        total += g[i]
        along += g[i] * (x[i] - mean)
    return total, along


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def normalise(x, mean, scale, offset, y):  # type: ignore[no-untyped-def]
    """y = (x − m) scale + offset."""
    for i in range(x.size):
        y[i] = (x[i] - mean) * scale + offset


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def combine(g, x, mean, a, b, d, gx):  # type: ignore[no-untyped-def]
    """gx = a (g + b (x − m) + d)."""
    for i in range(x.size):
        gx[i] = a * (g[i] + (b * (x[i] - mean) + d))


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def scale(g, a, gx):  # type: ignore[no-untyped-def]
    """gx = a g."""
    for i in range(g.size):
        gx[i] = a * g[i]


@njit(cache=True, nogil=True, error_model="numpy")
def origin_of(x):  # type: ignore[no-untyped-def]
    """A value near all others, in float64; 0 where the first is not finite."""
    return np.float64(x[0]) if np.isfinite(x[0]) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def mean_and_variance(first, second, origin, count):  # type: ignore[no-untyped-def]
    """From the moments about an origin; rounding makes no variance negative, and NaN stays NaN."""
    mean = first / count
    variance = second / count - mean * mean
    return mean + origin, 0.0 if variance < 0 else variance


@njit(cache=True, nogil=True, error_model="numpy")
def line(mean, inverse, weight, bias):  # type: ignore[no-untyped-def]
    """m, scale and offset of y = γ (x − μ) σ + β, for `normalise`."""
    near, scale = np.float32(mean), inverse * weight
    rest = (near - mean) * scale
    offset = bias + rest if np.isfinite(rest) else np.float64(bias)
    return near, np.float32(scale), np.float32(offset)


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(sums, mean, inverse, weight, count):  # type: ignore[no-untyped-def]
    """a, b and d of gx = γ σ (g − (Σ g + x̂ Σ g x̂) / n), for `combine`."""
    b = -sums[1] * inverse / count
    d = -sums[0] / count + b * (np.float32(mean) - mean)
    return np.float32(inverse * weight), np.float32(b), np.float32(d)
