"""adaptive_max_pool in numba: window after window, on images of one or two axes in float32.

Values and indices equal the reference's bit for bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ...threads import run, worth
from .max_pool import winner
from .spans import adaptive_spans, columns_of, rows_of
from .winner import backward

__all__ = ["backward", "forward", "supports"]


def supports(x: np.ndarray, **_: Any) -> bool:
    return x.dtype == np.float32 and 3 <= x.ndim <= 4


def forward(
    x: np.ndarray, *, output_size: Any
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[Any, ...]]:
    size = x.shape[2:]
    wanted = tuple(output_size) if isinstance(output_size, list) else output_size
    spans, _ = adaptive_spans(size, wanted)
    y = np.empty((*x.shape[:2], *map(len, spans)), np.float32)
    indices = np.empty(y.shape, np.int64)
    planes = math.prod(x.shape[:2])
    rows, columns = rows_of(spans), columns_of(spans)[0]
    image, out = (math.prod(size[:-1]), size[-1]), (len(rows), len(columns))
    run(
        _choose,
        np.ascontiguousarray(x).reshape(planes, *image),
        y.reshape(planes, *out), indices.reshape(planes, *out), rows, columns,
        most=worth(60 * x.size),
    )  # fmt: skip
    return (y, indices), (indices, size)


@njit(cache=True, nogil=True)
def _choose(x, y, indices, rows, columns, thread, threads):  # type: ignore[no-untyped-def]
    """x (N·C, H, W) → y and indices (N·C, OH, OW); rows, columns: see spans.py."""
    planes, OH, OW = y.shape
    for n in range(planes * thread // threads, planes * (thread + 1) // threads):
        for p in range(OH):
            for q in range(OW):
                y[n, p, q], indices[n, p, q] = winner(
                    x[n], rows[p, 0], rows[p, 1], columns[q, 0], columns[q, 1], 1, 1
                )
