"""max_pool2d in numba: one pass over each channel of each image, forward and backward.

float32 only, and on one thread: where BLAS keeps the cores busy, waiting for a second thread costs
more than it brings. Values and indices equal the reference's bit for bit; gradients that several
windows send to one element are added up in the order of the windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit


def supports(x: np.ndarray, **_: Any) -> bool:
    return x.dtype == np.float32


def forward(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[Any, ...]]:  # fmt: skip
    kernel = _pair(kernel_size)
    steps = kernel if stride is None else _pair(stride)
    pads, gaps = _pair(padding), _pair(dilation)
    N, C, H, W = x.shape
    OH, OW = (
        _count(size, k, s, p, d, ceil_mode)
        for size, k, s, p, d in zip((H, W), kernel, steps, pads, gaps, strict=True)
    )
    y = np.empty((N, C, OH, OW), np.float32)
    indices = np.empty((N, C, OH, OW), np.int64)
    _choose(
        np.ascontiguousarray(x).reshape(N * C, H, W),
        y.reshape(N * C, OH, OW),
        indices.reshape(N * C, OH, OW),
        *kernel, *steps, *pads, *gaps,
    )  # fmt: skip
    return (y, indices), (indices, (H, W))


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> tuple[np.ndarray | None]:
    if not needs[0]:
        return (None,)
    (N, C, OH, OW), (H, W) = gy.shape, saved.size
    gx = np.zeros((N, C, H, W), np.float32)
    _scatter(
        np.ascontiguousarray(gy).reshape(N * C, OH * OW),
        np.ascontiguousarray(saved.indices).reshape(N * C, OH * OW),
        gx.reshape(N * C, H * W),
    )
    return (gx,)


def _pair(value: Any) -> Any:
    return (value[0], value[-1]) if isinstance(value, (tuple, list)) else (value, value)


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
