"""Kernels of 3 × 3 among Winograd's places, and their gradient on the way back.

    U = G g Gᵀ        gw = Gᵀ dU G

Stride 1 and 2 differ in G (6 × 3) alone: it is given in winograd_tiles.py, and for stride 2 in
strided_tiles.py, where its last row stands for the tap that is left alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .phases import FAST

HALF, THIRD, QUARTER = np.float32(1 / 2), np.float32(1 / 3), np.float32(1 / 4)
SIXTH = np.float32(1 / 6)


@njit(cache=True, nogil=True, fastmath=FAST)
def kernel_tiles(strided, w, turned, c0, c1, o0, o1, scratch, U):  # type: ignore[no-untyped-def]
    """U (36, c, o), from input channels c0 … c1 − 1 to output channels o0 … o1 − 1.

    turned: w leads from o to c, and g is turned round, for gx. scratch (27, ≥ o1 − o0).
    """
    taps, half, n = scratch[:9], scratch[9:], o1 - o0
    for c in range(c0, c1):
        for o in range(o0, o1):
            g = w[c, o] if turned else w[o, c]
            for tap in range(9):
                taps[8 - tap if turned else tap, o - o0] = g[tap // 3, tap % 3]
        for j in range(3):
            _lines(strided, taps[j:9:3], n, half[j:18:3])
        for i in range(6):
            _lines(strided, half[3 * i : 3 * i + 3], n, U[6 * i : 6 * i + 6, c - c0])


@njit(cache=True, nogil=True, fastmath=FAST)
def _lines(strided, g, n, out):  # type: ignore[no-untyped-def]
    """out (6, n) = G g."""
    if strided:
        for o in range(n):
            g0, g1, g2 = g[0, o], g[1, o], g[2, o]
            out[0, o] = g0 * HALF
            out[1, o] = -(g0 + g2) * HALF
            out[2, o] = (g2 - g0) * SIXTH
            out[3, o] = g0 * SIXTH + g2 * THIRD
            out[4, o] = g2
            out[5, o] = g1
        return
    for o in range(n):
        g0, g1, g2 = g[0, o], g[1, o], g[2, o]
        s, d = (g0 + g2) * SIXTH, g1 * SIXTH
        e, f = g0 * (SIXTH * QUARTER) + g2 * SIXTH, g1 * (SIXTH * HALF)
        out[0, o] = g0 * QUARTER
        out[1, o] = -s - d
        out[2, o] = d - s
        out[3, o] = e + f
        out[4, o] = e - f
        out[5, o] = g2


@njit(cache=True, nogil=True, fastmath=FAST)
def kernel_gradient(strided, dU, scratch, add, gw):  # type: ignore[no-untyped-def]
    """gw (C, 3, 3) = Gᵀ dU G, or with `add` more by that, from dU (36, C). scratch (≥ 21, ≥ C)."""
    C = gw.shape[0]
    for i in range(6):
        _back(strided, dU[6 * i : 6 * i + 6], C, scratch[3 * i : 3 * i + 3])
    for j in range(3):
        _back(strided, scratch[j:18:3], C, scratch[18:21])
        for i in range(3):
            row = scratch[18 + i]
            for c in range(C):
                gw[c, i, j] = gw[c, i, j] + row[c] if add else row[c]


@njit(cache=True, nogil=True, fastmath=FAST)
def _back(strided, u, C, v):  # type: ignore[no-untyped-def]
    """v (3, C) = Gᵀ u."""
    if strided:
        for c in range(C):
            v[0, c] = (u[0, c] - u[1, c]) * HALF + (u[3, c] - u[2, c]) * SIXTH
            v[1, c] = u[5, c]
            v[2, c] = u[2, c] * SIXTH - u[1, c] * HALF + u[3, c] * THIRD + u[4, c]
        return
    for c in range(C):
        p, q = (u[1, c] + u[2, c]) * SIXTH, (u[3, c] + u[4, c]) * SIXTH
        v[0, c] = u[0, c] * QUARTER - p + q * QUARTER
        v[1, c] = (u[2, c] - u[1, c]) * SIXTH + (u[3, c] - u[4, c]) * (SIXTH * HALF)
        v[2, c] = q - p + u[5, c]
