"""roi_align in numba: Y_r x X_rᵀ with the few rows and columns of a box, 32 channels at once.

As in the reference, rows and columns part ways: for each row of bins first the rows of the image
that count in it are added up, then, for each bin, the columns of that. A box of 14 × 14 pixels with
7 × 7 bins takes some 500 products a channel, where 2 × 2 samples of four pixels each take 784.
Backward is the same in the other direction; every piece of work owns its part of gx, so that
results depend neither on timing nor on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from .lanes import LANES, as_pairs, blocks, pack, supported, unpack

__all__ = ["backward", "forward", "supports"]


def supports(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any, **_: Any
) -> bool:
    return supported(x, boxes, index, output_size)


def forward(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any,
    spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    (N, C, H, W), (OH, OW) = x.shape, as_pairs(output_size)
    with np.errstate(all="ignore"):
        v = boxes * np.float32(spatial_scale) - np.float32(0.5 if aligned else 0)
        rows = _shares(v[:, 1], v[:, 3], OH, H, sampling_ratio, aligned)
        columns = _shares(v[:, 0], v[:, 2], OW, W, sampling_ratio, aligned)
    y = np.empty((len(boxes), C, OH, OW), np.float32)
    run(
        _forward, np.ascontiguousarray(x), np.ascontiguousarray(index), rows, columns,
        y.reshape(len(boxes), C, 1, OH * OW),
        most=min(N * blocks(C), worth(_work(x, y))),
    )  # fmt: skip
    return y, (rows, columns, index, N)


def _work(x: np.ndarray, y: np.ndarray) -> int:
    return 4 * x.size + 16 * y.size


def _shares(
    low: np.ndarray, high: np.ndarray, P: int, S: int, ratio: int, aligned: bool
) -> np.ndarray:
    """How much each of S pixels counts in each of P bins, (R, P, S); float32 as the reference."""
    size = high - low
    low = np.where(np.isfinite(size), low, np.float32(np.nan))
    if not aligned:
        size = np.where(size < 1, np.float32(1), size)
    width = size / np.float32(P)
    count = np.ceil(width) if ratio <= 0 else np.full_like(width, ratio)
    shares = np.zeros((len(low), P, S), np.float32)
    _spread(low, width, count, ratio <= 0, shares)
    return shares


@njit(cache=True, nogil=True)
def _spread(low, width, count, adaptive, shares):  # type: ignore[no-untyped-def]
    """Each sample's weights for the two pixels around it. All numbers stay float32."""
    R, P, S = shares.shape
    half, one = np.float32(0.5), np.float32(1)
    for r in range(R):
        G = count[r]
        if not (G >= 1) or not np.isfinite(low[r]):
            continue
        step = width[r] / G
        most = 2 * S + 4 if adaptive else int(G)  # as many as can be inside
        for p in range(P):
            start = low[r] + np.float32(p) * width[r]
            first = np.float32(0)
            if adaptive:
                first = max(np.floor((-one - start) / step - half), np.float32(0))
            for k in range(most):
                i = first + np.float32(k)
                place = start + (i + half) * step
                if i < G and place >= -one and place <= np.float32(S):
                    place = min(max(place, np.float32(0)), np.float32(S - 1))
                    below = int(place)
                    part = place - np.float32(below)
                    shares[r, p, below] += (one - part) / G
                    if part > 0:
                        shares[r, p, below + 1] += part / G


@njit(cache=True, nogil=True)
def _reach(shares, spans):  # type: ignore[no-untyped-def]
    """The first pixel that counts in each bin and the one after the last; (P, 2)."""
    P, S = shares.shape
    for p in range(P):
        first, end = S, 0
        for s in range(S):
            if shares[p, s] != 0:
                first, end = min(first, s), s + 1
        spans[p, 0], spans[p, 1] = first, end


@njit(cache=True, nogil=True)
def _forward(x, index, rows, columns, y, thread, threads):  # type: ignore[no-untyped-def]
    """One block of channels of one image after the other, and on it box after box.

    rows (R, OH, H), columns (R, OW, W); y (R, C, 1, OH·OW).
    """
    N, C, H, W = x.shape
    R, OH, OW = len(index), rows.shape[1], columns.shape[1]
    many = (C + LANES - 1) // LANES
    pixels = np.empty((H, W, LANES), np.float32)
    met = np.empty((W, LANES), np.float32)
    bins = np.empty((1, OH * OW, LANES), np.float32)
    down, along = np.empty((OH, 2), np.int64), np.empty((OW, 2), np.int64)
    for work in range(N * many * thread // threads, N * many * (thread + 1) // threads):
        n, first = work // many, work % many * LANES
        packed = False
        for r in range(R):
            if index[r] != n:
                continue
            if not packed:
                pack(x, n, first, pixels)
                packed = True
            _reach(rows[r], down)
            _reach(columns[r], along)
            _gather(pixels, rows[r], columns[r], down, along, met, bins)
            unpack(bins, y, r, first)


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _gather(pixels, rows, columns, down, along, met, bins):  # type: ignore[no-untyped-def]
    """bins (1, OH·OW, LANES) of one box."""
    OH, OW = len(down), len(along)
    left, right = along[:, 0].min(), along[:, 1].max()
    for p in range(OH):
        for w in range(left, right):
            line = met[w]
            for c in range(LANES):
                line[c] = 0
        for h in range(down[p, 0], down[p, 1]):
            share = rows[p, h]
            if share == 0:
                continue
            for w in range(left, right):
                line, pixel = met[w], pixels[h, w]
                for c in range(LANES):
                    line[c] += share * pixel[c]
        for q in range(OW):
            total = bins[0, p * OW + q]
            for c in range(LANES):
                total[c] = 0
            for w in range(along[q, 0], along[q, 1]):
                share, line = columns[q, w], met[w]
                if share == 0:
                    continue
                for c in range(LANES):
                    total[c] += share * line[c]


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """gx of gy; nothing for the boxes."""
    if not needs[0]:
        return None, None, None
    rows, columns, index, N, _ = saved
    if gy.size == 0 or rows.dtype != np.float32:
        return NotImplemented
    R, C, OH, OW = gy.shape
    gx = np.empty((N, C, rows.shape[2], columns.shape[2]), np.float32)
    run(
        _backward, np.ascontiguousarray(gy).reshape(R, C, 1, OH * OW), np.ascontiguousarray(index),
        np.ascontiguousarray(rows), np.ascontiguousarray(columns), gx,
        most=min(N * blocks(C), worth(_work(gx, gy))),
    )  # fmt: skip
    return gx, None, None


@njit(cache=True, nogil=True)
def _backward(gy, index, rows, columns, gx, thread, threads):  # type: ignore[no-untyped-def]
    """Each block of channels of each image is added up by one thread, box after box."""
    N, C, H, W = gx.shape
    R, OH, OW = len(index), rows.shape[1], columns.shape[1]
    many = (C + LANES - 1) // LANES
    pixels = np.empty((H, W, LANES), np.float32)
    met = np.empty((W, LANES), np.float32)
    bins = np.empty((1, OH * OW, LANES), np.float32)
    down, along = np.empty((OH, 2), np.int64), np.empty((OW, 2), np.int64)
    for work in range(N * many * thread // threads, N * many * (thread + 1) // threads):
        n, first = work // many, work % many * LANES
        pixels[:] = 0
        for r in range(R):
            if index[r] == n:
                _reach(rows[r], down)
                _reach(columns[r], along)
                pack(gy, r, first, bins)
                _scatter(bins, rows[r], columns[r], down, along, met, pixels)
        unpack(pixels, gx, n, first)


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _scatter(bins, rows, columns, down, along, met, pixels):  # type: ignore[no-untyped-def]
    """Adds one box's gradients (1, OH·OW, LANES) to the pixels that they came from."""
    OH, OW = len(down), len(along)
    left, right = along[:, 0].min(), along[:, 1].max()
    for p in range(OH):
        for w in range(left, right):
            line = met[w]
            for c in range(LANES):
                line[c] = 0
        for q in range(OW):
            g = bins[0, p * OW + q]
            for w in range(along[q, 0], along[q, 1]):
                share, line = columns[q, w], met[w]
                if share == 0:
                    continue
                for c in range(LANES):
                    line[c] += share * g[c]
        for h in range(down[p, 0], down[p, 1]):
            share = rows[p, h]
            if share == 0:
                continue
            for w in range(left, right):
                line, pixel = met[w], pixels[h, w]
                for c in range(LANES):
                    pixel[c] += share * line[c]
