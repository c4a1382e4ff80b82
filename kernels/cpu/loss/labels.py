"""Class labels as the compiled losses read them, and what the reference keeps of them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np


def class_axis(x: np.ndarray) -> int:
    """Which axis of x counts the classes."""
    return 0 if x.ndim == 1 else 1


def flat_labels(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The labels as int64 (P, R), where x is (P, K, R)."""
    P = 1 if x.ndim == 1 else x.shape[0]
    return np.ascontiguousarray(target, np.int64).reshape(P, math.prod(x.shape[2:]))


def weights_of(x: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """How much each class counts, (K,)."""
    if weight is None:
        return _ones(x.shape[class_axis(x)])
    return np.ascontiguousarray(weight)


@lru_cache(maxsize=64)
def _ones(K: int) -> np.ndarray:
    return np.ones(K, np.float32)


def positions(x: np.ndarray) -> tuple[int, ...]:
    """The shape of one loss for each position."""
    return () if x.ndim == 1 else x.shape[:1] + x.shape[2:]


def number_and_classes(
    x: np.ndarray, target: np.ndarray, kept: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The labels (N, 1, …), 0 where they are not kept, and the classes (1, K, 1, …) as int64."""
    axis = class_axis(x)
    shape = tuple(1 if k == axis else size for k, size in enumerate(x.shape))
    number = target if kept is None else np.where(kept, target, 0)
    return number.reshape(shape).astype(np.int64, copy=False), _classes(x.shape[axis], x.ndim, axis)


@lru_cache(maxsize=64)
def _classes(K: int, ndim: int, axis: int) -> np.ndarray:
    return np.arange(K).reshape(tuple(K if k == axis else 1 for k in range(ndim)))


def reduced(losses: np.ndarray, total: float, divisor: float, reduction: str) -> np.ndarray:
    """y of the loss of each position, of their sum, and of what the mean divides that by."""
    if reduction == "none":
        return losses
    return np.array(total if reduction == "sum" else quotient(total, divisor), np.float32)


def quotient(a: float, b: float) -> float:
    """a / b; NaN or ∞ where b is 0."""
    if b:
        return a / b
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))


def upstream(gy: np.ndarray, scale: Any) -> np.ndarray:
    """The gradient of each position's loss, flat; one number where all have the same."""
    g = np.asarray(gy if isinstance(scale, float) and scale == 1.0 else _product(gy, scale))
    return np.ascontiguousarray(g, np.float32).reshape(-1)


def _product(gy: np.ndarray, scale: Any) -> Any:
    if isinstance(scale, float) or gy.ndim == 0:
        return gy * scale
    return gy.reshape(-1) * scale.reshape(-1)
