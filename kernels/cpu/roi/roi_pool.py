"""roi_pool in numba: pixel by pixel of each bin, over 32 channels at once.

Values and indices equal the reference's bit for bit. In backward every piece of work owns its
planes of gx and adds up in the order of the boxes, so that results do not depend on the threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from .lanes import LANES, as_pairs, blocks, pack, supported, unpack

__all__ = ["backward", "forward", "supports"]

_FAR = np.float32(2.0**30)  # pixels; beyond all images


def supports(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any, **_: Any
) -> bool:
    return supported(x, boxes, index, output_size)


def forward(
    x: np.ndarray, boxes: np.ndarray, index: np.ndarray, *, output_size: Any,
    spatial_scale: float = 1.0,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    (N, C, H, W), (OH, OW) = x.shape, as_pairs(output_size)
    with np.errstate(all="ignore"):
        v = boxes * np.float32(spatial_scale)
        down = _spans(v[:, 1], v[:, 3], OH, H)
        along = _spans(v[:, 0], v[:, 2], OW, W)
    y = np.empty((len(boxes), C, OH, OW), np.float32)
    indices = np.empty(y.shape, np.int32)
    flat = (len(boxes), C, 1, OH * OW)
    run(
        _forward, np.ascontiguousarray(x), np.ascontiguousarray(index), down, along,
        y.reshape(flat), indices.reshape(flat),
        most=min(N * blocks(C), worth(4 * x.size + 16 * y.size)),
    )  # fmt: skip
    return y, (indices, index, x.shape)


def _spans(low: np.ndarray, high: np.ndarray, P: int, S: int) -> np.ndarray:
    """Where each bin begins and ends, (R, P, 2); in float32 as the reference."""
    real = np.isfinite(low) & np.isfinite(high)
    start, stop = (_rounded(np.where(real, v, np.float32(0))) for v in (low, high))
    size = np.maximum(stop - start + 1, 1).astype(np.float32)
    width = size[:, None] / np.float32(P)
    numbers = np.arange(P, dtype=np.float32)
    begin = _whole(np.floor(numbers * width)) + start[:, None]
    end = _whole(np.ceil((numbers + 1) * width)) + start[:, None]
    spans = np.clip(np.stack([begin, end], -1), 0, S)  # (R, P, 2)
    spans[~real] = 0
    return spans


def _rounded(v: np.ndarray) -> np.ndarray:
    """The nearest integer, halves away from 0."""
    below = np.trunc(v)
    return _whole(below + np.sign(v) * (abs(v - below) >= 0.5))


def _whole(v: np.ndarray) -> np.ndarray:
    return np.clip(v, -_FAR, _FAR).astype(np.int64)


@njit(cache=True, nogil=True)
def _forward(x, index, down, along, y, indices, thread, threads):  # type: ignore[no-untyped-def]
    """One block of channels of one image after the other, and on it box after box.

    down (R, OH, 2), along (R, OW, 2); y and indices (R, C, 1, OH·OW).
    """
    N, C, H, W = x.shape
    R, OH, OW = len(down), down.shape[1], along.shape[1]
    many = (C + LANES - 1) // LANES
    pixels = np.empty((H, W, LANES), np.float32)
    best = np.empty((1, OH * OW, LANES), np.float32)
    places = np.empty((1, OH * OW, LANES), np.int32)
    for work in range(N * many * thread // threads, N * many * (thread + 1) // threads):
        n, first = work // many, work % many * LANES
        packed = False
        for r in range(R):
            if index[r] != n:
                continue
            if not packed:
                pack(x, n, first, pixels)
                packed = True
            for p in range(OH):
                for q in range(OW):
                    k = p * OW + q
                    _winner(pixels, down[r, p], along[r, q], best[0, k], places[0, k])
            unpack(best, y, r, first)
            unpack(places, indices, r, first)


@njit(cache=True, nogil=True)
def _winner(pixels, rows, columns, best, places):  # type: ignore[no-untyped-def]
    """The first of the largest values of a bin, or the last NaN, in each channel."""
    W = pixels.shape[1]
    if rows[1] <= rows[0] or columns[1] <= columns[0]:
        for c in range(LANES):
            best[c], places[c] = 0, -1
        return
    pixel, place = pixels[rows[0], columns[0]], np.int32(rows[0] * W + columns[0])
    for c in range(LANES):
        best[c], places[c] = pixel[c], place
    for h in range(rows[0], rows[1]):
        for w in range(columns[0], columns[1]):
            pixel, place = pixels[h, w], np.int32(h * W + w)
            for c in range(LANES):
                value, old = pixel[c], best[c]
                wins = (value > old) | (value != value)
                best[c] = value if wins else old
                places[c] = place if wins else places[c]


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """gx of gy; nothing for the boxes."""
    if not needs[0]:
        return None, None, None
    (N, C, H, W), (R, _, OH, OW) = saved.shape, gy.shape
    gx = np.empty((N, C, H * W), np.float32)
    run(
        _backward, np.ascontiguousarray(gy).reshape(R, C, OH * OW),
        np.ascontiguousarray(saved.indices).reshape(R, C, OH * OW),
        np.ascontiguousarray(saved.index), gx,
        most=min(N * blocks(C), worth(gx.size + 4 * gy.size)),
    )  # fmt: skip
    return gx.reshape(saved.shape), None, None


@njit(cache=True, nogil=True)
def _backward(gy, indices, index, gx, thread, threads):  # type: ignore[no-untyped-def]
    """gx (N, C, H·W): each gradient is added where its bin's winner lies.

    A block of planes after the other, which stays in the cache, and gy is read in one go.
    """
    N, C, _ = gx.shape
    many = (C + LANES - 1) // LANES
    for work in range(N * many * thread // threads, N * many * (thread + 1) // threads):
        n, first = work // many, work % many * LANES
        last = min(first + LANES, C)
        gx[n, first:last] = 0
        for r in range(len(index)):
            if index[r] == n:
                _add(gy[r, first:last], indices[r, first:last], gx[n, first:last])


@njit(cache=True, nogil=True)
def _add(gy, indices, planes):  # type: ignore[no-untyped-def]
    """gy and indices (C, OH·OW), planes (C, H·W)."""
    C, bins = gy.shape
    for c in range(C):
        for p in range(bins):
            place = indices[c, p]
            if place >= 0:
                planes[c, np.uint64(place)] += gy[c, p]
