"""softmax and log_softmax on the GPU, along any axis: softmax.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch
from ..rows import share_rows

KERNELS = Source("activation/softmax.cu")
MANY = 32  # values from which on a warp to a row pays, where they lie side by side
_EACH = 16  # as in softmax.cu


class Softmax:
    """The kernel of one of the two ops. logarithm: which."""

    def __init__(self, logarithm: bool) -> None:
        self.logarithm = logarithm

    def supports(self, x: Any, **_: Any) -> bool:
        return is_on_device(x) and x.dtype == np.float32 and x.size > 0

    def forward(self, x: Any, *, axis: int) -> tuple[Any, tuple[Any, ...]]:
        axes = (axis % x.ndim,) if x.ndim else ()
        y = self._run("", axes, x)
        return y, (y, axes)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if not needs[0]:
            return (None,)
        if not self.supports(saved.y):
            return NotImplemented
        return (self._run("_backward", saved.axes, gy, saved.y),)

    def _run(self, way: str, axes: tuple[int, ...], *arrays: Any) -> Any:
        """Launches the form that fits the axis: lines side by side, or one behind the other."""
        gpu, shape = device_of(arrays[0]), arrays[0].shape
        P, K, R = 1, 1, 1
        if axes:
            axis = axes[0]
            P, K, R = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
        result = gpu.empty(shape, np.float32)
        given = (*map(gpu.namespace.ascontiguousarray, arrays), result)
        if R == 1 and K >= MANY:
            grid, block, *_ = share_rows(P, K)
            launch(KERNELS, "softmax_rows" + way, grid, block, (*given, P, K, self.logarithm))
        else:
            grid, block = share_lines(P * R, K)
            launch(KERNELS, "softmax_lines" + way, grid, block, (*given, P, K, R, self.logarithm))
        return result


def share_lines(lines: int, length: int) -> tuple[int, tuple[int, int]]:
    """(grid, block): lines along x; along y as many threads, up to eight, as can keep a line."""
    tall = 1
    while tall < 8 and length > _EACH * tall:
        tall *= 2
    return blocks_for(lines, THREADS // tall), (THREADS // tall, tall)


SOFTMAX = Softmax(logarithm=False)
LOG_SOFTMAX = Softmax(logarithm=True)
