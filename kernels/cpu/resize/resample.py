"""resample in numba: both axes of an image in one go. interpolate and its gradient come here.

A table of taps becomes a list of terms for each output. Along a row the terms of
one output are looked up for several rows at once; down the columns whole rows are added up. Rows
come first where the image does not get shorter. Up to three axes, float32.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from ...taps import listed
from ...threads import run, worth

_FLAGS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}}


class _Terms(NamedTuple):
    """Output o is Σ weight[j] x[place[j]] over start[o] ≤ j < start[o + 1]."""

    start: np.ndarray
    place: np.ndarray
    weight: np.ndarray

    @property
    def size(self) -> int:
        return len(self.start) - 1


def supports(x: np.ndarray, *, taps: Any) -> bool:
    return x.dtype == np.float32 and x.size > 0 and 1 <= len(taps) <= 3


def forward(x: np.ndarray, *, taps: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
    return _resample(x, [None if table is None else _terms(table) for table in taps]), (taps,)


@lru_cache(maxsize=512)
def _terms(table: Any) -> _Terms:
    """The taps of each output, those that are there. Tables are kept, too, by who makes them."""
    return _Terms(*listed(table))


def _resample(x: np.ndarray, terms: list[_Terms | None]) -> np.ndarray:
    """Along the last axes of x, one list of terms for each."""
    if len(terms) == 3:  # the planes first, then from plane to plane
        x = _resample(x, terms[1:])
        *lead, D, H, W = x.shape
        return _resample(x.reshape(*lead, D, H * W), [terms[0], None]).reshape(*lead, -1, H, W)
    if len(terms) == 1:
        terms = [None, *terms]
        return _planes(x[..., None, :], *terms)[..., 0, :]
    return _planes(x, *terms)


def _planes(x: np.ndarray, down: _Terms | None, along: _Terms | None) -> np.ndarray:
    if down is None and along is None:
        return x.copy()
    *lead, H, W = x.shape
    OH, OW = down.size if down else H, along.size if along else W
    planes = math.prod(lead)
    y = np.empty((*lead, OH, OW), np.float32)
    run(
        _both,
        np.ascontiguousarray(x).reshape(planes, H, W), y.reshape(planes, OH, OW),
        *(down or _NOTHING), *(along or _NOTHING), down is not None, along is not None,
        most=worth(12 * (x.size + y.size)),
    )  # fmt: skip
    return y


_NOTHING = _Terms(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


@njit(cache=True, **_FLAGS)
def _both(  # type: ignore[no-untyped-def]
    x, y, start, index, weight, start_along, index_along, weight_along, down, along, thread, threads
):
    """x (P, H, W) → y (P, OH, OW); down, along: is there anything to do on that axis?"""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    rows_first = OH >= H
    between = np.empty((H, OW) if rows_first else (OH, W), np.float32)
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        if not down:
            _along_rows(x[n], y[n], start_along, index_along, weight_along)
        elif not along:
            _down_columns(x[n], y[n], start, index, weight)
        elif rows_first:
            _along_rows(x[n], between, start_along, index_along, weight_along)
            _down_columns(between, y[n], start, index, weight)
        else:
            _down_columns(x[n], between, start, index, weight)
            _along_rows(between, y[n], start_along, index_along, weight_along)


@njit(cache=True, **_FLAGS)
def _down_columns(x, y, start, index, weight):  # type: ignore[no-untyped-def]
    """y (OH, W) of x (H, W): sums of whole rows, two at a time."""
    for o in range(y.shape[0]):
        first, last, out = start[o], start[o + 1], y[o]
        if (last - first) % 2:
            row, w = x[index[first]], weight[first]
            for s in range(out.size):
                out[s] = w * row[s]
            first += 1
        elif last == first:
            out[:] = 0
        else:
            row, row2 = x[index[first]], x[index[first + 1]]
            w, w2 = weight[first], weight[first + 1]
            for s in range(out.size):
                out[s] = w * row[s] + w2 * row2[s]
            first += 2
        for j in range(first, last, 2):
            row, row2, w, w2 = x[index[j]], x[index[j + 1]], weight[j], weight[j + 1]
            for s in range(out.size):
                out[s] += w * row[s] + w2 * row2[s]


@njit(cache=True, **_FLAGS)
def _along_rows(x, y, start, index, weight):  # type: ignore[no-untyped-def]
    """y (H, OW) of x (H, W), four rows at a time."""
    H, OW = y.shape
    counts = start[1:] - start[:-1]
    most = counts.max() if counts.min() == counts.max() else 0
    for r in range(0, H, 4):
        a, b = x[r], x[min(r + 1, H - 1)]
        c, d = x[min(r + 2, H - 1)], x[min(r + 3, H - 1)]
        A, B = y[r], y[min(r + 1, H - 1)]
        C, D = y[min(r + 2, H - 1)], y[min(r + 3, H - 1)]
        if most == 1:
            _singles(a, b, c, d, A, B, C, D, index, weight)
        elif most == 2:
            _pairs(a, b, c, d, A, B, C, D, index, weight)
        else:
            _lists(a, b, c, d, A, B, C, D, start, index, weight)


@njit(cache=True, **_FLAGS)
def _singles(a, b, c, d, A, B, C, D, index, weight):  # type: ignore[no-untyped-def]
    """Rows A … D of rows a … d, where each number has one term."""
    for o in range(A.size):
        i, w = np.uint64(index[o]), weight[o]
        A[o], B[o], C[o], D[o] = w * a[i], w * b[i], w * c[i], w * d[i]


@njit(cache=True, **_FLAGS)
def _pairs(a, b, c, d, A, B, C, D, index, weight):  # type: ignore[no-untyped-def]
    """Rows A … D of rows a … d, where each number has two terms."""
    for o in range(A.size):
        i, k = np.uint64(index[2 * o]), np.uint64(index[2 * o + 1])
        v, w = weight[2 * o], weight[2 * o + 1]
        A[o] = v * a[i] + w * a[k]
        B[o] = v * b[i] + w * b[k]
        C[o] = v * c[i] + w * c[k]
        D[o] = v * d[i] + w * d[k]


@njit(cache=True, **_FLAGS)
def _lists(a, b, c, d, A, B, C, D, start, index, weight):  # type: ignore[no-untyped-def]
    """Rows A … D of rows a … d, for any number of terms."""
    zero = np.float32(0)
    for o in range(A.size):
        e, f, g, h = zero, zero, zero, zero
        for j in range(start[o], start[o + 1]):
            i, w = np.uint64(index[j]), weight[j]
            e += w * a[i]
            f += w * b[i]
            g += w * c[i]
            h += w * d[i]
        A[o], B[o], C[o], D[o] = e, f, g, h
