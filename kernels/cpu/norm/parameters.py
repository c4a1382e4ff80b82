"""Inputs in the few forms that the kernels are compiled for: float32, side by side in memory."""

from __future__ import annotations

import math

import numpy as np


def as_planes(x: np.ndarray) -> np.ndarray:
    """(N, C, …) as (N, C, S)."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def as_rows(x: np.ndarray, n: int) -> np.ndarray:
    """Values as (R, n)."""
    return np.ascontiguousarray(x).reshape(x.size // n, n)


def or_constant(parameter: np.ndarray | None, size: int, value: float) -> np.ndarray:
    """A parameter as a vector; where there is none, a value `size` times."""
    if parameter is None:
        return np.full(size, value, np.float32)
    return np.ascontiguousarray(parameter).reshape(size)
