"""bfloat16 on the GPU: bfloat16.cu. Arrays of uint16 hold it; CuPy 13 has no type for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("elementwise/bfloat16.cu")


class _Round:
    """The kernel of round_bfloat16; its gradient is the reference's, which does nothing."""

    def supports(self, x: Any) -> bool:
        return is_on_device(x) and x.dtype == np.float32

    def forward(self, x: Any) -> tuple[Any, tuple[Any, ...]]:
        return _each("bfloat16_round", x, np.float32), ()


ROUND = _Round()


def rounded(x: Any) -> Any:
    """x, float32, rounded to numbers of bfloat16."""
    return ROUND.forward(x)[0]


def narrow(x: Any) -> Any:
    """x, float32, in bfloat16."""
    return _each("bfloat16_narrow", x, np.uint16)


def add_and_round(y: Any, b: Any = None) -> Any:
    """y, float32, rounded in place, after b (columns) was added to each of its rows."""
    if y.size:
        columns = b.size if b is not None else y.shape[-1] if y.ndim else 1
        b = None if b is None else device_of(b).namespace.ascontiguousarray(b)
        args = (y, b, y.size // columns, columns)
        launch(KERNELS, "bfloat16_add_and_round", blocks_for(y.size), THREADS, args)
    return y


def _each(name: str, x: Any, dtype: Any) -> Any:
    gpu = device_of(x)
    y = gpu.empty(x.shape, dtype)
    if x.size:
        given = (gpu.namespace.ascontiguousarray(x), y, x.size)
        launch(KERNELS, name, blocks_for(-(-x.size // 4)), THREADS, given)
    return y
