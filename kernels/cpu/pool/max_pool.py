"""max_pool in numba: one pass over each channel of each image, forward and backward.

Images of one or two axes in float32, and on one thread: where BLAS keeps the cores busy, waiting
for a second thread costs more than it brings. Values and indices equal the reference's bit for bit;
gradients that several windows send to one element are added up in the order of the windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit


def supports(x: np.ndarray, *, padding: Any = 0, dilation: Any = 1, **_: Any) -> bool:
    """False, too, where dilation carries a window past all pixels."""
    if x.dtype != np.float32 or not 3 <= x.ndim <= 4:
        return False
    if dilation == 1 or padding == 0:
        return True
    n = x.ndim - 2  # the first window begins at −p, or as many gaps later as bring it into x
    axes = zip(x.shape[2:], _axes(padding, n), _axes(dilation, n), strict=True)
    return all(-p % d < size for size, p, d in axes)


def forward(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[Any, ...]]:  # fmt: skip
    n = x.ndim - 2
    kernel = _axes(kernel_size, n)
    steps = kernel if stride is None or stride in ((), []) else _axes(stride, n)
    pads, gaps = _axes(padding, n), _axes(dilation, n)
    size = x.shape[2:]
    counts = tuple(
        _count(length, k, s, p, d, ceil_mode)
        for length, k, s, p, d in zip(size, kernel, steps, pads, gaps, strict=True)
    )
    y = np.empty((*x.shape[:2], *counts), np.float32)
    indices = np.empty(y.shape, np.int64)
    planes = x.shape[0] * x.shape[1]
    if n == 1:  # a line is an image of one row
        kernel, steps, pads, gaps = (1, *kernel), (1, *steps), (0, *pads), (1, *gaps)
    H, W, OH, OW = (*(1,) * (2 - n), *size, *(1,) * (2 - n), *counts)
    _choose(
        np.ascontiguousarray(x).reshape(planes, H, W),
        y.reshape(planes, OH, OW),
        indices.reshape(planes, OH, OW),
        *kernel, *steps, *pads, *gaps,
    )  # fmt: skip
    return (y, indices), (indices, size)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> tuple[np.ndarray | None]:
    if not needs[0]:
        return (None,)
    indices, planes = saved.indices, gy.shape[0] * gy.shape[1]
    gx = np.zeros((*gy.shape[:2], *saved.size), np.float32)
    if saved.empty:  # nobody won: the places lie outside the image
        return (gx,)
    _scatter(
        np.ascontiguousarray(gy).reshape(planes, math.prod(gy.shape[2:])),
        np.ascontiguousarray(indices).reshape(planes, math.prod(gy.shape[2:])),
        gx.reshape(planes, math.prod(saved.size)),
    )
    return (gx,)


def _axes(value: Any, n: int) -> tuple[int, ...]:
    """n numbers, one for each axis."""
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    given = tuple(value)
    return given if len(given) == n else given * n


def _count(size: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """How many windows fit; with `ceil` one may hang over the end, if it starts before it."""
    span = size + 2 * p - d * (k - 1) - 1
    if not ceil:
        return span // s + 1
    count = -(-span // s) + 1
    return count - 1 if (count - 1) * s >= size + p else count


@njit(cache=True, nogil=True)
def _choose(x, y, indices, KH, KW, SH, SW, PH, PW, DH, DW):  # type: ignore[no-untyped-def]
    """x (N·C, H, W) → y and indices (N·C, OH, OW)."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for n in range(planes):
        for p in range(OH):
            top = p * SH - PH
            bottom = min(top + (KH - 1) * DH + 1, H)
            if top < 0:
                top += -(top // DH) * DH  # the first row of the window that lies in the image
            for q in range(OW):
                left = q * SW - PW
                right = min(left + (KW - 1) * DW + 1, W)
                if left < 0:
                    left += -(left // DW) * DW
                best = x[n, top, left]
                place = top * W + left
                for row in range(top, bottom, DH):
                    for column in range(left, right, DW):
                        value = x[n, row, column]
                        if value > best or value != value:  # the last NaN stays
                            best = value
                            place = row * W + column
                y[n, p, q] = best
                indices[n, p, q] = place


@njit(cache=True, nogil=True)
def _scatter(gy, indices, gx):  # type: ignore[no-untyped-def]
    """gx (N·C, H·W): each gradient is added where its window's winner lies."""
    planes, count = gy.shape
    for n in range(planes):
        for p in range(count):
            gx[n, indices[n, p]] += gy[n, p]
