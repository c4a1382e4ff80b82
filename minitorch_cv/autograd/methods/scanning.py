"""Methods of `Tensor` that run along an axis: cumsum, cumprod, cummax, logcumsumexp, diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.dtypes import as_dtype
from ...backend.library import array_module
from ...ops.scan.cumprod import OP as CUMPROD
from ...ops.scan.cumsum import OP as CUMSUM
from ..joining import cat, stack
from ..tape import apply, new_tensor
from .reducing import Extremum
from .shaping import axis_of

if TYPE_CHECKING:
    from ..tensor import Tensor


class Scanning:
    """Mixin: what each element and those before it amount to."""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any
    ndim: Any

    def cumsum(self, dim: int, dtype: Any = None) -> Tensor:
        """x₀, x₀ + x₁, x₀ + x₁ + x₂, … along `dim`; integers add up as int64"""
        return apply(CUMSUM, _summable(self, dtype), axis=axis_of("cumsum", dim, self.ndim))

    def cumprod(self, dim: int, dtype: Any = None) -> Tensor:
        """x₀, x₀ x₁, x₀ x₁ x₂, … along `dim`; the gradient is right at zeros, too"""
        return apply(CUMPROD, _summable(self, dtype), axis=axis_of("cumprod", dim, self.ndim))

    def cummax(self, dim: int) -> Extremum:
        """The largest so far and where it was (the last one at ties); NaN stays"""
        return _running("cummax", self, dim, lambda x, best: (x >= best) | (x != x))

    def cummin(self, dim: int) -> Extremum:
        """The smallest so far and where it was (the last one at ties); NaN stays"""
        return _running("cummin", self, dim, lambda x, best: (x <= best) | (x != x))

    def logcumsumexp(self, dim: int) -> Tensor:
        """log Σ_{j ≤ i} e^{x_j} along `dim`, without overflow"""
        x: Any = self
        axis = axis_of("logcumsumexp", dim, x.ndim)
        if x.ndim == 0 or x.array.size == 0:
            return x.clone()
        sums = [x.select(axis, 0)]
        for step in range(1, x.shape[axis]):
            sums.append(sums[-1].logaddexp(x.select(axis, step)))
        return stack(sums, axis)

    def diff(
        self, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
    ) -> Tensor:
        """x₁ − x₀, x₂ − x₁, … along `dim`, n times over"""
        x: Any = self
        if n < 0 or x.ndim == 0:
            raise ValueError(
                f"diff: n is at least 0 and x has an axis (got n={n}, shape {x.shape})"
            )
        if n == 0:
            return x.clone()
        axis = axis_of("diff", dim, x.ndim)
        parts = [part for part in (prepend, x, append) if part is not None]
        x = cat(parts, axis) if len(parts) > 1 else x
        for _ in range(min(n, x.shape[axis])):
            size = max(x.shape[axis] - 1, 0)
            after, before = x.narrow(axis, x.shape[axis] - size, size), x.narrow(axis, 0, size)
            x = after != before if x.dtype.kind == "b" else after - before
        return x


def _summable(x: Any, dtype: Any) -> Any:
    """x in the dtype asked for; integers and booleans as int64."""
    if dtype is not None:
        return x.to(dtype=as_dtype(dtype))
    return x if x.dtype.kind == "f" else x.to(dtype=np.dtype("int64"))


def _running(name: str, x: Any, dim: int, wins: Any) -> Extremum:
    axis = axis_of(name, dim, x.ndim)
    xp = array_module(x.array)
    if x.ndim == 0:
        return Extremum(x.clone(), new_tensor(xp.zeros((), np.int64)))
    rows = xp.moveaxis(x.array, axis, 0)
    indices = xp.zeros(rows.shape, np.int64)
    best = rows[0] if len(rows) else None
    for step in range(1, len(rows)):
        row = rows[step]
        taken = wins(row, best) & ~((best != best) & (row == row))
        best = xp.where(taken, row, best)
        indices[step] = xp.where(taken, step, indices[step - 1])
    places = new_tensor(xp.moveaxis(indices, 0, axis))
    return Extremum(x.take_along_dim(places, axis), places)
