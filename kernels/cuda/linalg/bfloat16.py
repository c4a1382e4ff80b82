"""linear and matmul in bfloat16 on the GPU: cuBLAS multiplies 16 bits and adds up in float32.

The device knows who does (`products`); where nobody does, the ops run on rounded float32. Factors
are narrowed on the way in, results are rounded once, after the bias was added
(elementwise/bfloat16.cu).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..elementwise.bfloat16 import add_and_round, narrow, rounded
from ..launch import device_of, is_on_device


def _can_multiply(*arrays: Any) -> bool:
    """Are they filled with float32, on a device that multiplies bfloat16?"""
    if not is_on_device(*arrays) or any(a.dtype != np.float32 or not a.size for a in arrays):
        return False
    return device_of(arrays[0]).products(arrays[0]) is not None


class _Linear:
    """linear with a weight (OUT, IN), and a bias (OUT,) or none."""

    def supports(self, x: Any, w: Any, b: Any) -> bool:
        if w.ndim != 2 or (b is not None and b.shape != w.shape[:1]):
            return False
        return _can_multiply(x, w) if b is None else _can_multiply(x, w, b)

    def forward(self, x: Any, w: Any, b: Any) -> tuple[Any, tuple[Any, ...]]:
        multiply = device_of(x).products(x)
        rows = narrow(x).reshape(-1, x.shape[-1])  # all leading axes as one
        y = add_and_round(multiply(rows, narrow(w).T), b)
        return y.reshape(*x.shape[:-1], w.shape[0]), (x, w, None if b is None else b.shape)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        x, w = saved.x, saved.w
        if w.ndim != 2 or not _can_multiply(gy, x, w):
            return NotImplemented
        if saved.bias_shape not in (None, w.shape[:1]):
            return NotImplemented
        multiply = device_of(x).products(x)
        OUT, IN = w.shape
        gx = gw = gb = None
        g = narrow(gy).reshape(-1, OUT)
        if needs[0]:
            gx = add_and_round(multiply(g, narrow(w))).reshape(x.shape)
        if needs[1]:
            gw = add_and_round(multiply(g.T, narrow(x).reshape(-1, IN)))
        if needs[2] and saved.bias_shape is not None:
            wide = rounded(gy).reshape(-1, OUT)
            gb = add_and_round(device_of(gy).namespace.sum(wide, axis=0))
        return gx, gw, gb


class _Matmul:
    """matmul of matrices and batches of them."""

    def supports(self, a: Any, b: Any) -> bool:
        return a.ndim > 1 and b.ndim > 1 and _can_multiply(a, b)

    def forward(self, a: Any, b: Any) -> tuple[Any, tuple[Any, ...]]:
        return add_and_round(device_of(a).products(a)(narrow(a), narrow(b))), (a, b)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        a, b = saved.a, saved.b
        if a.ndim < 2 or b.ndim < 2 or not _can_multiply(gy, a, b):
            return NotImplemented
        multiply, g = device_of(a).products(a), narrow(gy)
        ga = gb = None
        if needs[0]:
            ga = add_and_round(_sum_to(multiply(g, narrow(b).swapaxes(-1, -2)), a.shape))
        if needs[1]:
            gb = add_and_round(_sum_to(multiply(narrow(a).swapaxes(-1, -2), g), b.shape))
        return ga, gb


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the leading axes along which a factor was repeated."""
    if x.shape == shape:
        return x
    lead, kept = x.shape[:-2], (1,) * (x.ndim - len(shape)) + shape[:-2]
    along = tuple(k for k, (n, own) in enumerate(zip(lead, kept, strict=True)) if n != own)
    if math.prod(x.shape) != math.prod(shape):
        x = device_of(x).namespace.sum(x, axis=along)
    return x.reshape(shape)


LINEAR, MATMUL = _Linear(), _Matmul()
