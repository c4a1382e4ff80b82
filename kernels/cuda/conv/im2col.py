"""im2col and col2im on the GPU: im2col.cu, for images of one or two axes in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..launch import Source, device_of, is_on_device, launch
from ..planes import MOST_PIXELS, over_planes

KERNELS = Source("conv/im2col.cu")
_NAMES = ("kernel_size", "stride", "padding", "dilation")


def axes(value: Any, n: int) -> tuple[int, ...]:
    """n numbers, one for each axis."""
    given = tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)
    return given if len(given) == n else given * n


def rows_and_columns(n: int, *values: tuple[int, ...], fill: Sequence[int]) -> list[int]:
    """Each (height, width) in turn; a line is an image of one row, whose height is from `fill`."""
    pairs = [v if n == 2 else (first, *v) for v, first in zip(values, fill, strict=True)]
    return [number for pair in pairs for number in pair]


class _Windows:
    """The numbers of a launch. window: kernel_size, stride, padding, dilation; n numbers each."""

    def __init__(self, size: tuple[int, ...], window: Sequence[tuple[int, ...]]) -> None:
        n = len(size)
        self.size, self.window = size, tuple(window)
        self.counts = tuple(
            (length + 2 * p - d * (k - 1) - 1) // s + 1
            for length, k, s, p, d in zip(size, *window, strict=True)
        )
        fill = (1, 1, 1, 0, 1, 1)
        self.numbers = rows_and_columns(n, size, *window, self.counts, fill=fill)

    @property
    def fits(self) -> bool:
        """Are there few enough pixels and windows?"""
        return max(math.prod(self.size), math.prod(self.counts)) < MOST_PIXELS

    def run(self, name: str, source: Any, target: Any, planes: int, pixels: int) -> None:
        """Launches `name`; pixels: how many threads a plane has work for."""
        if target.size == 0:
            return
        grid, block = over_planes(pixels, planes)
        launch(KERNELS, name, grid, block, (source, target, planes, *self.numbers))


def _windows(n: int, size: Any, given: dict[str, Any]) -> _Windows:
    default = {"stride": 1, "padding": 0, "dilation": 1}
    window = [axes(given.get(name, default.get(name)), n) for name in _NAMES]
    return _Windows(axes(size, n), window)


class _Im2col:
    def supports(self, x: Any, **params: Any) -> bool:
        if not is_on_device(x) or x.dtype != np.float32 or x.ndim not in (3, 4):
            return False
        return _windows(x.ndim - 2, x.shape[2:], params).fits

    def forward(self, x: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        gpu, (N, C) = device_of(x), x.shape[:2]
        view = _windows(x.ndim - 2, x.shape[2:], params)
        K, L = math.prod(view.window[0]), math.prod(view.counts)
        cols = gpu.empty((N, C * K, L), np.float32)
        view.run("im2col", gpu.namespace.ascontiguousarray(x), cols, N * C, L)
        return cols, (view.size, *view.window)

    def backward(self, gcols: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if len(saved.output_size) > 2:
            return NotImplemented
        return (COL2IM.forward(gcols, **saved._asdict())[0] if needs[0] else None,)


class _Col2im:
    def supports(self, cols: Any, *, output_size: Any, **params: Any) -> bool:
        n = len(output_size) if isinstance(output_size, (tuple, list)) else 2
        if not is_on_device(cols) or cols.dtype != np.float32 or n > 2:
            return False
        return _windows(n, output_size, params).fits

    def forward(self, cols: Any, *, output_size: Any, **params: Any) -> tuple[Any, tuple[Any, ...]]:
        gpu, N = device_of(cols), cols.shape[0]
        n = len(output_size) if isinstance(output_size, (tuple, list)) else 2
        view = _windows(n, output_size, params)
        C = cols.shape[1] // math.prod(view.window[0])
        x = gpu.empty((N, C, *view.size), np.float32)
        columns = gpu.namespace.ascontiguousarray(cols)
        view.run("col2im", columns, x, N * C, math.prod(view.size))
        return x, view.window

    def backward(self, gx: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if len(saved.kernel_size) > 2:
            return NotImplemented
        return (IM2COL.forward(gx, **saved._asdict())[0] if needs[0] else None,)


IM2COL = _Im2col()
COL2IM = _Col2im()
