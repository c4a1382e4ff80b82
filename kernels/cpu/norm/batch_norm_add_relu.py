"""batch_norm_add_relu in numba: the kernels of batch_norm and of add_relu, one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..elementwise.arithmetic import ADD_RELU
from . import batch_norm


def supports(x: np.ndarray, shortcut: np.ndarray, *_: Any, **__: Any) -> bool:
    return batch_norm.supports(x) and ADD_RELU.supports(x, shortcut)


def forward(
    x: np.ndarray, shortcut: np.ndarray, *given: Any, **params: Any
) -> tuple[tuple[np.ndarray, ...], tuple[Any, ...]]:
    (normal, mean, var), fields = batch_norm.forward(x, *given, **params)
    y, _ = ADD_RELU.forward(normal, shortcut)
    return (y, mean, var), (*fields, y)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    y = saved.y
    if not batch_norm.supports(saved.x) or not batch_norm.supports(y):
        return NotImplemented
    sum_of_two = SimpleNamespace(y=y, shape_a=y.shape, shape_b=y.shape)
    h, _ = ADD_RELU.backward(gy, sum_of_two, (True, False))
    gx, *others = batch_norm.backward(h, saved, (needs[0], *needs[2:4], False, False))
    return gx, h if needs[1] else None, *others
