"""Methods of `Tensor` that sum up: logsumexp, norm, var_mean, nansum, count_nonzero, histc, …"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.library import array_module
from ...ops.reduce.logsumexp import OP as LOGSUMEXP
from ...ops.reduce.norm import OP as NORM
from ..operands import as_float, counted
from ..tape import apply, new_tensor
from .pointwise import choose
from .reducing import Bounds

if TYPE_CHECKING:
    from ..tensor import Tensor


class Statistics:
    """Mixin: reductions beyond sum, mean, max and var."""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any

    def logsumexp(self, dim: Any, keepdim: bool = False) -> Tensor:
        """log Σ eˣ without overflow"""
        axis = tuple(dim) if isinstance(dim, list) else dim
        return apply(LOGSUMEXP, as_float(self), axis=axis, keepdims=keepdim)  # type: ignore[arg-type]

    def norm(
        self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
    ) -> Tensor:
        """(Σ |x|ᵖ)^(1/p), 2 by default; ±inf is the largest or smallest |x|; 0 counts"""
        if p is not None and not isinstance(p, (int, float)) and p != "fro":
            raise ValueError(f"norm: p is a number or 'fro' (got {p!r}); use e.g. p=2")
        x: Any = self if dtype is None else self.to(dtype=dtype)  # type: ignore[attr-defined]
        axis = tuple(dim) if isinstance(dim, list) else dim
        return apply(NORM, x, p=2 if p in ("fro", None) else p, axis=axis, keepdims=keepdim)

    def var_mean(
        self, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: int = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The variance and the mean"""
        x: Any = self
        variance = x.var(dim, unbiased, keepdim, correction=correction)
        return variance, x.mean(None if isinstance(dim, bool) else dim, keepdim)

    def std_mean(
        self, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: int = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The standard deviation and the mean"""
        x: Any = self
        deviation = x.std(dim, unbiased, keepdim, correction=correction)
        return deviation, x.mean(None if isinstance(dim, bool) else dim, keepdim)

    def nansum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """Σ of what is not NaN"""
        x: Any = self
        return _without_nan(x).sum(dim, keepdim, dtype=dtype)

    def nanmean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of what is not NaN"""
        x: Any = self if dtype is None else self.to(dtype=dtype)  # type: ignore[attr-defined]
        if x.dtype.kind != "f":
            raise TypeError(f"nanmean: expects a float tensor (got {x.dtype}); use .float()")
        held = x.isnan().logical_not().to(dtype=x.dtype)
        return _without_nan(x).sum(dim, keepdim) / held.sum(dim, keepdim)

    def cov(
        self, *, correction: int = 1, fweights: Tensor | None = None,
        aweights: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Covariances of rows, Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (n − correction); a vector is one row

        fweights: how often each column counts (integers); aweights: how much (floats).
        """
        x: Any = as_float(counted("cov", self))
        if x.ndim > 2:
            raise ValueError(f"cov: expects at most two axes (got {x.shape})")
        rows = x if x.ndim == 2 else x.reshape(1, -1)
        _judge_weights(rows, fweights, aweights)
        return _covariance(rows, correction, fweights, aweights).squeeze()

    def corrcoef(self) -> Tensor:
        """Pearson's correlation of rows, cᵢⱼ / √(cᵢᵢ cⱼⱼ), within [−1, 1]"""
        c = self.cov()
        if c.ndim == 0:
            return c / c
        deviation = c.diagonal().sqrt()
        return (c / deviation.unsqueeze(1) / deviation).clamp(-1, 1)

    def count_nonzero(self, dim: Any = None) -> Tensor:
        """How many elements are not 0"""
        axis = (tuple(dim) or None) if isinstance(dim, (list, tuple)) else dim
        xp = array_module(self.array)
        return new_tensor(xp.sum(self.array != 0, axis=axis, dtype=np.int64))

    def aminmax(self, *, dim: int | None = None, keepdim: bool = False) -> Bounds:
        """The smallest and the largest value"""
        x: Any = self
        return Bounds(x.amin(dim, keepdim), x.amax(dim, keepdim))

    def bincount(self, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
        """How often 0, 1, 2, … occur in a vector, or the sums of their weights; no gradient"""
        x = self.array
        if x.dtype.kind not in "iu" or x.ndim != 1 or (x.size and int(x.min()) < 0):
            raise ValueError(
                f"bincount: expects a vector of integers ≥ 0 (got {x.dtype}, shape {x.shape})"
            )
        if minlength < 0:
            raise ValueError(f"bincount: minlength is at least 0 (got {minlength})")
        if weights is not None and weights.shape != self.shape:
            raise ValueError(
                f"bincount: weights has one number for each element (got {weights.shape})"
            )
        heavy = None if weights is None else weights.array
        found = array_module(x).bincount(x, heavy, minlength)
        if weights is not None and weights.dtype == np.float32:
            found = found.astype(np.float32)
        return new_tensor(found if x.size or minlength else found[:0])

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:  # noqa: A002
        """How many elements fall in each of `bins` equal parts of [min, max]; no gradient

        With min = max = 0 the range of the data is taken; what lies outside is not counted.
        """
        x = self.array
        if x.dtype.kind != "f" or bins < 1 or min > max:
            raise ValueError(
                f"histc: expects floats, bins ≥ 1 and min ≤ max (got {x.dtype}, {bins}, "
                f"{min}, {max})"
            )
        low, high = float(min), float(max)
        if low == high and x.size:
            low, high = float(x.min()), float(x.max())
        if low == high:
            low, high = low - 1, high + 1
        counts, _ = array_module(x).histogram(x, bins, (low, high))
        return new_tensor(counts.astype(x.dtype))


def _without_nan(x: Any) -> Any:
    return choose(x.isnan(), 0.0, x) if x.dtype.kind == "f" else x


def _covariance(x: Any, correction: int, fweights: Any, aweights: Any) -> Any:
    """The matrix of covariances of rows; weights as in `Statistics.cov`."""
    n = x.shape[1]
    if fweights is None and aweights is None:
        centred, total = x - x.mean(1, keepdim=True), n - correction
        return centred @ centred.t() / max(total, 0)
    ones = new_tensor(array_module(x.array).ones_like(x.array[0]))
    times = ones if fweights is None else fweights.to(dtype=x.dtype)
    weights = times if aweights is None else times * aweights
    total = weights.sum()
    centred = x - (x * weights).sum(1, keepdim=True) / total
    lost = correction * (1 if aweights is None else (weights * aweights).sum() / total)
    return centred @ (centred * weights).t() / (total - lost).clamp(min=0)


def _judge_weights(x: Any, fweights: Any, aweights: Any) -> None:
    """Raises ValueError or TypeError unless each column has a weight ≥ 0 of the right kind."""
    for name, weights, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if weights is None:
            continue
        if weights.dtype.kind not in kinds:
            kind = "integers" if kinds == "iu" else "floats"
            raise TypeError(f"cov: {name} are {kind} (got {weights.dtype})")
        if weights.ndim > 1 or weights.numel() != x.shape[1]:
            raise ValueError(
                f"cov: {name} has one number for each column (got {weights.shape}, x {x.shape})"
            )
        if weights.numel() and float(weights.array.min()) < 0:
            raise ValueError(f"cov: {name} are at least 0 (got {float(weights.array.min())})")
