"""sum and mean on the GPU, over any axes that lie in two runs: sums.cu, in float32."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..launch import THREADS, Source, blocks_for, contiguous, device_of, is_on_device, launch
from ..rows import share_columns, share_rows

KERNELS = Source("reduce/sums.cu")
_CHUNK = 4096  # of a sum over everything
_ENOUGH = 1024  # blocks that keep the largest GPU busy
_RUN = 32  # as in sums.cu


class Runs(NamedTuple):
    """x as (A, P, B, R), of which A and B are added up."""

    A: int
    P: int
    B: int
    R: int


class Sum:
    """The kernel of sum or of mean. mean: is it divided by the number of values?"""

    def __init__(self, mean: bool) -> None:
        self.mean = mean

    def supports(self, x: Any, *, axis: Any = None, **_: Any) -> bool:
        if not is_on_device(x) or x.dtype != np.float32 or not x.size:
            return False
        return runs_of(x.shape, _resolved(x.ndim, axis)) is not None

    def forward(
        self, x: Any, *, axis: Any = None, keepdims: bool = False
    ) -> tuple[Any, tuple[Any, ...]]:
        axes = _resolved(x.ndim, axis)
        kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
        if not keepdims:
            kept = [size for k, size in enumerate(x.shape) if k not in axes]
        n = math.prod(x.shape[k] for k in axes)
        y = device_of(x).empty(tuple(kept), np.float32)
        _add_up(x, runs_of(x.shape, axes), y, n if self.mean else 1)
        return y, (x.shape, axes, n) if self.mean else (x.shape, axes)


SUM, MEAN = Sum(mean=False), Sum(mean=True)


def runs_of(shape: Sequence[int], axes: Sequence[int]) -> Runs | None:
    """How neighbouring axes are taken together; None where that leaves more than four of them."""
    sizes, place = [1, 1, 1, 1], 0  # reduced, kept, reduced, kept
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if place % 2 == (axis in axes):
            place += 1
        if place > 3:
            return None
        sizes[place] *= size
    A, P, B, R = sizes
    if P == 1:
        return Runs(1, 1, A * B, R)
    return Runs(1, 1, A, P) if B * R == 1 < A else Runs(A, P, B, R)


def _resolved(ndim: int, axis: Any) -> tuple[int, ...]:
    """The axes, which the op's check has seen, as sorted non-negative numbers."""
    if axis is None or axis == ():
        return tuple(range(ndim))
    numbers = (axis,) if isinstance(axis, int) else axis
    return tuple(sorted(number % ndim for number in numbers)) if ndim else ()


def _add_up(x: Any, runs: Runs | None, y: Any, divisor: int) -> None:
    assert runs is not None  # supports has asked
    (A, P, B, R), n = runs, x.size
    if R == 1:
        if P == 1:
            A, B = -(-n // _CHUNK), _CHUNK
        blocks, block, *_ = share_rows(P, B)
        splits = max(1, min(A, -(-_ENOUGH // blocks)))
        name, numbers = "sum_rows", (n, A, P, B)
    else:
        blocks, block = share_columns(P * R, A * B)
        splits = max(1, min(-(-A * B // (_RUN * block[1])), -(-_ENOUGH // blocks)))
        name, numbers = "sum_columns", (A, P, B, R)
    sums = device_of(x).empty((splits, y.size), np.float64)
    (image,) = contiguous(x)
    launch(KERNELS, name, (blocks, splits), block, (image, sums, *numbers, splits))
    given = (sums, y, y.size, splits, float(divisor))
    launch(KERNELS, "sum_parts", blocks_for(y.size), THREADS, given)
