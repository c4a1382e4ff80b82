"""The compiled loops of the average pools. Each takes its share of the planes (n·c)."""

from __future__ import annotations

import numpy as np
from numba import njit

SUM = {"reassoc", "nsz"}  # a sum may be split among the lanes of a vector


@njit(cache=True, nogil=True, fastmath=SUM)
def mean(x, y, share, thread, threads):  # type: ignore[no-untyped-def]
    """x (N·C, P) → y (N·C,): all pixels of an image."""
    planes, P = x.shape
    share = np.float32(share)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        total = np.float32(0)
        for i in range(P):
            total += x[n, i]
        y[n] = total * share


@njit(cache=True, nogil=True)
def spread(gy, gx, share, thread, threads):  # type: ignore[no-untyped-def]
    """gy (N·C,) → gx (N·C, P)."""
    planes, P = gx.shape
    share = np.float32(share)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        g = gy[n] * share
        for i in range(P):
            gx[n, i] = g


@njit(cache=True, nogil=True)
def mean_of_quads(x, y, share, thread, threads):  # type: ignore[no-untyped-def]
    """x (N·C, H, W) → y (N·C, OH, OW): windows of 2 × 2 side by side."""
    planes, OH, OW = y.shape
    share = np.float32(share)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            up, down, out = x[n, 2 * p], x[n, 2 * p + 1], y[n, p]
            for q in range(OW):
                u = np.uint64(q)  # without a sign, or each access asks if it counts from behind
                left, right = u + u, u + u + np.uint64(1)
                out[q] = ((up[left] + up[right]) + (down[left] + down[right])) * share


@njit(cache=True, nogil=True)
def spread_to_quads(gy, gx, share, thread, threads):  # type: ignore[no-untyped-def]
    """gy (N·C, OH, OW) → gx (N·C, H, W)."""
    planes, OH, OW = gy.shape
    _, H, W = gx.shape
    share = np.float32(share)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            up, down, given = gx[n, 2 * p], gx[n, 2 * p + 1], gy[n, p]
            for q in range(OW):
                u, g = np.uint64(q), given[q] * share
                up[u + u] = g
                up[u + u + np.uint64(1)] = g
                down[u + u] = g
                down[u + u + np.uint64(1)] = g
            up[2 * OW :] = 0
            down[2 * OW :] = 0
        gx[n, 2 * OH :] = 0


@njit(cache=True, nogil=True)
def mean_of_windows(  # type: ignore[no-untyped-def]
    x, y, rows, columns, first, last, K, S, shares, thread, threads
):
    """x (N·C, H, W) → y (N·C, OH, OW). rows, columns, first, last, K, S: see spans.py."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    total = np.empty(W, np.float32)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            _add_rows(x[n], rows[p, 0], rows[p, 1], total)
            out = y[n, p]
            _add_columns(total, columns, 0, first, out)
            _add_columns(total, columns, last, OW, out)
            if last > first:
                _add_taps(total[columns[first, 0] :], K, S, out[first:last])
            for q in range(OW):
                out[q] *= shares[p, q]


@njit(cache=True, nogil=True)
def _add_rows(x, start, stop, total):  # type: ignore[no-untyped-def]
    """total (W,) = Σ x[start:stop]."""
    W = total.size
    total[:] = 0
    for r in range(start, stop):
        row = x[r]
        for s in range(W):
            total[s] += row[s]


@njit(cache=True, nogil=True)
def _add_columns(total, columns, first, last, y):  # type: ignore[no-untyped-def]
    """The sums of the windows first … last − 1, wherever they lie."""
    for q in range(first, last):
        value = np.float32(0)
        for s in range(columns[q, 0], columns[q, 1]):
            value += total[s]
        y[q] = value


@njit(cache=True, nogil=True)
def _add_taps(total, K, S, y):  # type: ignore[no-untyped-def]
    """y[q] = Σ_j total[q S + j]: one element of all windows after the other."""
    y[:] = 0
    step = np.uint64(S)
    for j in range(K):
        shifted = total[j:]
        if S == 1:
            for q in range(y.size):
                y[q] += shifted[q]
        else:
            for q in range(y.size):
                y[q] += shifted[np.uint64(q) * step]


@njit(cache=True, nogil=True)
def spread_to_windows(  # type: ignore[no-untyped-def]
    gy, gx, rows, columns, first, last, K, S, shares, thread, threads
):
    """gy (N·C, OH, OW) → gx (N·C, H, W). rows, columns, first, last, K, S: see spans.py."""
    planes, H, W = gx.shape
    _, OH, OW = gy.shape
    g, total = np.empty(OW, np.float32), np.empty(W, np.float32)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        gx[n] = 0
        for p in range(OH):
            for q in range(OW):
                g[q] = gy[n, p, q] * shares[p, q]
            total[:] = 0
            _spread_columns(g, columns, 0, first, total)
            _spread_columns(g, columns, last, OW, total)
            if last > first:
                _spread_taps(g[first:last], K, S, total[columns[first, 0] :])
            for r in range(rows[p, 0], rows[p, 1]):
                row = gx[n, r]
                for s in range(W):
                    row[s] += total[s]


@njit(cache=True, nogil=True)
def _spread_columns(g, columns, first, last, total):  # type: ignore[no-untyped-def]
    for q in range(first, last):
        for s in range(columns[q, 0], columns[q, 1]):
            total[s] += g[q]


@njit(cache=True, nogil=True)
def _spread_taps(g, K, S, total):  # type: ignore[no-untyped-def]
    step = np.uint64(S)
    for j in range(K):
        shifted = total[j:]
        if S == 1:
            for q in range(g.size):
                shifted[q] += g[q]
        else:
            for q in range(g.size):
                shifted[np.uint64(q) * step] += g[q]
