"""The taps of a resampled axis as lists: what kernels of both devices make of the op's table."""

from __future__ import annotations

from typing import Any

import numpy as np


def listed(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(where each output's taps begin, their elements, their weights), without those missing."""
    T, O = table.index.shape
    weight = np.ones((T, O)) if table.weights is None else table.weights
    counts = np.full(O, T) if table.counts is None else table.counts
    there = np.arange(T) < counts[:, None]  # (O, T)
    start = np.zeros(O + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    return start, table.index.T[there], weight.T[there].astype(np.float32)
