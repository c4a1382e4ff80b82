"""local_response_norm in numba: PIXELS pixels of one sample at a time, with all their channels.

Squares are added up anew for each channel, in float32: a running sum would carry the rounding of
large values, and a NaN, on to all channels behind. A task has pixels of its own, so that no result
depends on how many threads there are. The usual power β = 0.75 is two square roots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ... import threads
from .parameters import as_planes

PIXELS = 256
WORK = 32  # operations for each value, so that waking threads is weighed up


def supports(x: np.ndarray, **_: Any) -> bool:
    return bool(x.dtype == np.float32 and x.size)


def forward(
    x: np.ndarray, *, size: int, alpha: float, beta: float, k: float
) -> tuple[np.ndarray, tuple[Any, ...]]:
    image = as_planes(x)
    y, s = np.empty((2, *x.shape), np.float32)
    threads.run(
        _forward, image, size, np.float32(alpha / size), np.float32(beta), np.float32(k),
        y.reshape(image.shape), s.reshape(image.shape), most=threads.worth(WORK * x.size),
    )  # fmt: skip
    return y, (x, s, size, alpha, beta)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    if not supports(saved.x) or not needs[0]:
        return NotImplemented
    image, gx = as_planes(saved.x), np.empty(saved.x.shape, np.float32)
    factor = np.float32(2 * saved.alpha * saved.beta / saved.size)
    threads.run(
        _backward, as_planes(gy), image, as_planes(saved.s), saved.size, factor,
        np.float32(saved.beta), gx.reshape(image.shape), most=threads.worth(WORK * gx.size),
    )  # fmt: skip
    return (gx,)


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(x, size, share, beta, k, y, s, thread, threads):  # type: ignore[no-untyped-def]
    """x, y, s (N, C, S)."""
    N, C, S = x.shape
    tiles = -(-S // PIXELS)
    for task in range(N * tiles * thread // threads, N * tiles * (thread + 1) // threads):
        n, start = task // tiles, task % tiles * PIXELS
        stop = min(start + PIXELS, S)
        for c in range(C):
            total = s[n, c, start:stop]
            total[:] = 0
            for j in range(max(c - size // 2, 0), min(c + (size - 1) // 2 + 1, C)):
                _add_squares(x[n, j, start:stop], total)
            _divide(x[n, c, start:stop], share, k, beta, total, y[n, c, start:stop])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _add_squares(x, total):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        total[i] += x[i] * x[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _divide(x, share, k, beta, s, y):  # type: ignore[no-untyped-def]
    """s = k + α/m s and y = x / s^β."""
    for i in range(x.size):
        s[i] = s[i] * share + k
    _power(s, beta, y)
    for i in range(x.size):
        y[i] *= x[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _power(s, beta, out):  # type: ignore[no-untyped-def]
    """out = 1 / s^β."""
    if beta == np.float32(0.75):
        for i in range(s.size):
            root = np.sqrt(s[i])
            out[i] = np.float32(1) / (root * np.sqrt(root))
    else:
        for i in range(s.size):
            out[i] = np.float32(1) / s[i] ** beta


@njit(cache=True, nogil=True, error_model="numpy")
def _backward(g, x, s, size, factor, beta, gx, thread, threads):  # type: ignore[no-untyped-def]
    """g, x, s, gx (N, C, S)."""
    N, C, S = x.shape
    tiles = -(-S // PIXELS)
    terms, total = np.empty((C, PIXELS), np.float32), np.empty(PIXELS, np.float32)
    for task in range(N * tiles * thread // threads, N * tiles * (thread + 1) // threads):
        n, start = task // tiles, task % tiles * PIXELS
        stop = min(start + PIXELS, S)
        for c in range(C):
            out, source = gx[n, c, start:stop], s[n, c, start:stop]
            _power(source, beta, out)
            _scale(g[n, c, start:stop], x[n, c, start:stop], source, out, terms[c])
        for c in range(C):
            total[:] = 0
            for j in range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C)):
                _add(terms[j], total)
            _subtract(x[n, c, start:stop], factor, total, gx[n, c, start:stop])


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _scale(g, x, s, out, term):  # type: ignore[no-untyped-def]
    """out = g / s^β and term = g x / s^(β + 1)."""
    for i in range(g.size):
        value = g[i] * out[i]
        out[i] = value
        term[i] = value * x[i] / s[i]


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _add(term, total):  # type: ignore[no-untyped-def]
    for i in range(total.size):
        total[i] += term[i]


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy", fastmath={"contract"})
def _subtract(x, factor, total, gx):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        gx[i] -= x[i] * total[i] * factor
