"""concatenate in numba: each thread copies what is to lie in its share of y.

float32 arrays whose elements lie side by side; NumPy is as fast below SMALL elements. The gradient
is the op's own: slices of gy, which are not copied at all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from ..memory import floats
from ..shares import share

SMALL = 1 << 16


def supports(*xs: np.ndarray, axis: int) -> bool:  # noqa: ARG001 (the op's form)
    return all(x.dtype == np.float32 and x.flags.c_contiguous for x in xs)


def forward(*xs: np.ndarray, axis: int) -> tuple[np.ndarray, tuple[Any, ...]]:
    axis %= xs[0].ndim
    sizes = tuple(x.shape[axis] for x in xs)
    before, after = xs[0].shape[:axis], xs[0].shape[axis + 1 :]
    if sum(x.size for x in xs) < SMALL:
        return np.concatenate(xs, axis=axis), (sizes, axis)
    y = np.empty((*before, sum(sizes), *after), np.float32)
    addresses = np.array([x.ctypes.data for x in xs], np.intp)
    lengths = np.array(sizes, np.int64) * math.prod(after)
    rows = y.reshape(math.prod(before), -1)
    run(_join, addresses, lengths, rows, most=worth(8 * y.size))
    return y, (sizes, axis)


@njit(cache=True, nogil=True)
def _join(addresses, lengths, y, thread, threads):  # type: ignore[no-untyped-def]
    """y (rows, Σ lengths): a row of each array behind one another."""
    width, out = y.shape[1], y.reshape(y.size)
    start, stop = share(y.size, thread, threads)
    for row in range(start // width, (stop + width - 1) // width):
        at = row * width  # where the k-th array's row begins in y
        for k in range(len(lengths)):
            first, last = max(start, at), min(stop, at + lengths[k])
            if first < last:
                begin = row * lengths[k] - at
                source = floats(addresses[k], begin + first, begin + last)
                target = out[first:last]
                for i in range(last - first):
                    target[i] = source[i]
            at += lengths[k]
