"""Convolution with one input channel in each group: sums of shifted runs, without a product.

    y[o] = b[o] + Σ_{i,j} w[o, i, j] x̄_ij[c]        c = ⌊o G / OC⌋

where x̄_ij is the run of memory that tap (i, j) meets (phases.py). A thread has channels of
its own, of all images, so that every gradient is added up in one order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ... import threads
from .geometry import Geometry
from .phases import FAST, lay, room_for, start_of, take_back, width_of


def supports(g: Geometry) -> bool:
    """As many groups as input channels, and more than one."""
    return g.G == g.C > 1


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: Geometry) -> np.ndarray:
    y = np.empty((g.N, g.OC, g.OH, g.OW), np.float32)
    bias = np.zeros(g.OC, np.float32) if b is None else b
    threads.run(
        _forward, x, w.reshape(g.OC, *g.K), bias, y, g.view, most=threads.worth(4 * g.flops)
    )
    return y


def input_gradient(gy: np.ndarray, w: np.ndarray, g: Geometry) -> np.ndarray:
    gx = np.zeros((g.N, g.C, g.H, g.W), np.float32)
    threads.run(
        _input_gradient, gy, w.reshape(g.OC, *g.K), gx, g.view, most=threads.worth(4 * g.flops)
    )
    return gx


def weight_gradient(gy: np.ndarray, x: np.ndarray, g: Geometry) -> np.ndarray:
    gw = np.zeros((g.OC, *g.K), np.float32)
    threads.run(_weight_gradient, gy, x, gw, g.view, most=threads.worth(4 * g.flops))
    return gw.reshape(g.OC, 1, *g.K)


@njit(cache=True, nogil=True, fastmath=FAST)
def _forward(x, w, bias, y, view, thread, threads):  # type: ignore[no-untyped-def]
    N, C = x.shape[:2]
    OC, OH, OW = y.shape[1:]
    WQ = width_of(view, OW)
    room = room_for(view, OH, OW)
    total = np.empty(OH * WQ, np.float32)
    for n in range(N):
        for c in range(C * thread // threads, C * (thread + 1) // threads):
            lay(x[n, c], 0, OH, view, WQ, room)
            for o in range(c * (OC // C), (c + 1) * (OC // C)):
                total[:] = bias[o]
                for i in range(view[0]):
                    for j in range(view[1]):
                        start = start_of(view, OH, WQ, i, j)
                        run, factor = room[start : start + OH * WQ], w[o, i, j]
                        for q in range(OH * WQ):
                            total[q] += factor * run[q]
                rows = total.reshape(OH, WQ)
                for p in range(OH):
                    for q in range(OW):
                        y[n, o, p, q] = rows[p, q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _widen(gy, wide):  # type: ignore[no-untyped-def]
    """wide (OH, WQ) = gy (OH, OW), and zeros."""
    OH, OW = gy.shape
    for p in range(OH):
        for q in range(OW):
            wide[p, q] = gy[p, q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _input_gradient(gy, w, gx, view, thread, threads):  # type: ignore[no-untyped-def]
    N, C = gx.shape[:2]
    OC, OH, OW = gy.shape[1:]
    WQ = width_of(view, OW)
    room = room_for(view, OH, OW)
    for n in range(N):
        for c in range(C * thread // threads, C * (thread + 1) // threads):
            room[:] = 0
            for o in range(c * (OC // C), (c + 1) * (OC // C)):
                source = gy[n, o]
                for i in range(view[0]):
                    for j in range(view[1]):
                        start = start_of(view, OH, WQ, i, j)
                        _add(w[o, i, j], source, room[start : start + OH * WQ].reshape(OH, WQ))
            take_back(room, 0, OH, view, WQ, gx[n, c])


@njit(cache=True, nogil=True, fastmath=FAST)
def _add(factor, source, target):  # type: ignore[no-untyped-def]
    """target (OH, WQ) += factor source (OH, OW)."""
    OH, OW = source.shape
    for p in range(OH):
        for q in range(OW):
            target[p, q] += factor * source[p, q]


@njit(cache=True, nogil=True, fastmath=FAST)
def _weight_gradient(gy, x, gw, view, thread, threads):  # type: ignore[no-untyped-def]
    N, C = x.shape[:2]
    OC, OH, OW = gy.shape[1:]
    WQ = width_of(view, OW)
    room = room_for(view, OH, OW)
    wide = np.zeros((OH, WQ), np.float32)
    flat = wide.reshape(OH * WQ)
    for n in range(N):
        for c in range(C * thread // threads, C * (thread + 1) // threads):
            lay(x[n, c], 0, OH, view, WQ, room)
            for o in range(c * (OC // C), (c + 1) * (OC // C)):
                _widen(gy[n, o], wide)
                for i in range(view[0]):
                    for j in range(view[1]):
                        start = start_of(view, OH, WQ, i, j)
                        run, total = room[start : start + OH * WQ], np.float32(0)
                        for q in range(OH * WQ):
                            total += run[q] * flat[q]
                        gw[o, i, j] += total
