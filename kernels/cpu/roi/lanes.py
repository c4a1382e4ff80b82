"""Channels side by side: the layout in which the RoI kernels work.

A box is small, so that loops along its rows are short; but what happens to a pixel happens to it in
all channels. So an image is turned into (H, W, LANES), a block of channels at a time, which stays
in the cache while all boxes on it are looked at, and each step is a few vector instructions. A
block of one image is one piece of work for one thread, and owns what it writes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LANES = 32  # channels of a block; the last block is filled up with zeros


def blocks(C: int) -> int:
    """How many blocks hold C channels."""
    return -(-C // LANES)


@njit(cache=True, nogil=True)
def pack(x, n, first, lanes):  # type: ignore[no-untyped-def]
    """x[n, first:first + LANES] (LANES, H, W) → lanes (H, W, LANES)."""
    _, C, H, W = x.shape
    count = min(C - first, LANES)
    for h in range(H):
        for c in range(count):
            row = x[n, first + c, h]
            for w in range(W):
                lanes[h, w, c] = row[w]
        for w in range(W):
            for c in range(count, LANES):
                lanes[h, w, c] = 0


@njit(cache=True, nogil=True)
def unpack(lanes, x, n, first):  # type: ignore[no-untyped-def]
    """lanes (H, W, LANES) → x[n, first:first + LANES]; the inverse of pack, for any dtype."""
    _, C, H, W = x.shape
    for h in range(H):
        for c in range(min(C - first, LANES)):
            row = x[n, first + c, h]
            for w in range(W):
                row[w] = lanes[h, w, c]


def as_pairs(output_size: object) -> tuple[int, int]:
    """(OH, OW) of an int or one or two ints."""
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,)
    OH, OW = given if len(given) == 2 else given * 2
    return int(OH), int(OW)


def supported(x: np.ndarray, boxes: np.ndarray, index: np.ndarray, output_size: object) -> bool:
    """float32 arrays, with something in each axis; places fit into 32 bits."""
    if x.dtype != np.float32 or boxes.dtype != np.float32 or index.dtype != np.int64:
        return False
    return 0 not in (*x.shape[1:], *as_pairs(output_size)) and x.shape[2] * x.shape[3] < 2**31
