"""prelu: where x is not positive, a product with slopes repeated along images and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .binary import Binary
from .exponential import F


def prelu(a, b):  # type: ignore[no-untyped-def]
    return a if a > F(0) else b * a


def prelu_slope_x(gy, a, b):  # type: ignore[no-untyped-def]
    return gy if a > F(0) else b * gy


def prelu_slope_w(gy, a, b):  # type: ignore[no-untyped-def]
    return F(0) if a > F(0) else a * gy


_KERNEL = Binary(prelu, (prelu_slope_x, prelu_slope_w), "ab")


class _Saved(NamedTuple):
    """What the kernel of two inputs expects; the slopes have the axes of x."""

    a: np.ndarray
    b: np.ndarray
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]


def supports(x: Any, w: Any) -> bool:
    return x.size > 0 and _KERNEL.supports(x, _by_channel(x, w))


def forward(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
    y, _ = _KERNEL.forward(x, _by_channel(x, w))
    return y, (x, w)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    x, w = saved.x, _by_channel(saved.x, saved.w)
    grads = _KERNEL.backward(gy, _Saved(x, w, x.shape, w.shape), needs)
    if grads is NotImplemented or grads[1] is None:
        return grads
    return grads[0], grads[1].reshape(saved.w.shape)


def _by_channel(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """w as (1, C, 1, …), or with a single element in as many axes as x has."""
    if x.ndim < 2:
        return w.reshape((1,) * x.ndim)
    return w.reshape(1, w.size, *(1,) * (x.ndim - 2))
