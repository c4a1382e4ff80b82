"""Methods of `Tensor` that put elements in order: sort, topk, kthvalue, median, mode, unique.

The values are gathered by the indices that NumPy's sort finds, so each gradient goes back to the
element that was picked. NaN counts as the largest of all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.device import to_numpy
from ...backend.library import array_module
from .. import tape
from ..tape import new_tensor
from .pointwise import choose
from .reducing import Extremum
from .scattering import exactly
from .shaping import axis_of, own_axis

if TYPE_CHECKING:
    from ..tensor import Tensor


class Sorting:
    """Mixin: sort, argsort, topk, kthvalue, median, mode, quantile, unique."""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any
    ndim: Any

    def sort(self, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Extremum:
        """(values, indices) in order along `dim`; equal elements keep their order"""
        places = _order("sort", self, dim, descending)
        return _picked(self, dim, places)

    def argsort(self, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
        """The indices that sort along `dim`; equal elements keep their order"""
        return new_tensor(_order("argsort", self, dim, descending))

    def msort(self) -> Tensor:
        """In order along the first axis"""
        return self.sort(0).values

    def topk(
        self,
        k: int,
        dim: int = -1,
        largest: bool = True,
        sorted: bool = True,  # noqa: A002
    ) -> Extremum:
        """(values, indices) of the k largest or smallest along `dim`, the first of them first"""
        axis = axis_of("topk", dim, self.ndim)
        _refuse_booleans("topk", self)
        size = self.shape[axis] if self.ndim else 1
        if not 0 <= k <= size:
            raise ValueError(f"topk: k is between 0 and the size of the axis, {size} (got {k})")
        places = _order("topk", self, dim, largest)
        return _picked(
            self, dim, places[(slice(None),) * axis + (slice(k),)] if self.ndim else places
        )

    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> Extremum:
        """(value, index) of the k-th smallest along `dim`, counted from 1"""
        axis = axis_of("kthvalue", dim, self.ndim)
        size = self.shape[axis] if self.ndim else 1
        if not 1 <= k <= size:
            raise ValueError(f"kthvalue: k is between 1 and the size of the axis, {size} (got {k})")
        _refuse_booleans("kthvalue", self)
        return _one(self, dim, _order("kthvalue", self, dim, False), k - 1, keepdim)

    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The lower median of all elements; with a dim (values, indices) along it. NaN wins.

        Of all elements, those that equal the median share its gradient.
        """
        return _median("median", self, dim, keepdim, skip_nan=False)

    def nanmedian(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Like `median`, of the elements that are not NaN."""
        return _median("nanmedian", self, dim, keepdim, skip_nan=True)

    def mode(self, dim: int = -1, keepdim: bool = False) -> Extremum:
        """(value, index) of the most frequent value along `dim`, the smallest of equals"""
        axis = axis_of("mode", dim, self.ndim)
        if self.ndim == 0:
            return _picked(self, dim, _order("mode", self, dim, False))
        if self.shape[axis] == 0:
            raise IndexError(f"mode: there is none of nothing (got shape {self.shape}, dim {dim})")
        rows = np.moveaxis(to_numpy(self.array), axis, -1)
        places = np.zeros(rows.shape[:-1], np.int64)
        for where in np.ndindex(places.shape):
            values, counts = np.unique(rows[where], return_counts=True)
            best = values[np.argmax(counts)]
            places[where] = np.flatnonzero(rows[where] == best)[-1] if best == best else 0
        found = array_module(self.array).asarray(np.expand_dims(places, axis))
        return _one(self, dim, found, 0, keepdim)

    def quantile(
        self, q: Any, dim: int | None = None, keepdim: bool = False, *,
        interpolation: str = "linear",
    ) -> Tensor:  # fmt: skip
        """The q-quantile (0 ≤ q ≤ 1) of all elements or along `dim`; NaN wins"""
        return _quantile("quantile", self, q, dim, keepdim, interpolation, skip_nan=False)

    def nanquantile(
        self, q: Any, dim: int | None = None, keepdim: bool = False, *,
        interpolation: str = "linear",
    ) -> Tensor:  # fmt: skip
        """Like `quantile`, of the elements that are not NaN"""
        return _quantile("nanquantile", self, q, dim, keepdim, interpolation, skip_nan=True)

    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,  # noqa: A002
        dim: int | None = None,
    ) -> Any:  # fmt: skip
        """The different values in order, with their inverse and counts where asked; no gradient"""
        return _groups("unique", self, dim, True, return_inverse, return_counts)

    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """Without elements (slices along `dim`) that repeat the one before"""
        return _groups("unique_consecutive", self, dim, False, return_inverse, return_counts)


def _groups(op: str, x: Any, dim: int | None, in_order: bool, inverse: bool, counts: bool) -> Any:
    """Slices that are equal stand together as one group: (its first slice, number, count).

    in_order: after sorting them by their first element, then by their second, and so on. NaN
    equals nothing, itself included.
    """
    xp = array_module(x.array)
    moved = x.array.reshape(-1) if dim is None else xp.moveaxis(x.array, own_axis(op, dim, x), 0)
    n = len(moved)
    if 0 in moved.shape[1:]:
        raise ValueError(f"{op}: the slices have no elements (got shape {x.shape}, dim {dim})")
    rows = moved.reshape(n, math.prod(moved.shape[1:]))
    order = xp.lexsort(rows.T[::-1]) if in_order else xp.arange(n)
    ranked = rows[order]
    fresh = xp.ones(n, np.bool_)
    fresh[1:] = (ranked[1:] != ranked[:-1]).any(1)
    starts = xp.flatnonzero(fresh)
    values = moved[order[starts]]
    found = [values if dim is None else xp.moveaxis(values, 0, dim)]
    if inverse:
        number = xp.empty(n, np.int64)
        number[order] = xp.cumsum(fresh) - 1
        found.append(number.reshape(x.shape if dim is None else (n,)))
    if counts:
        found.append(xp.diff(xp.concatenate([starts, xp.full(1, n, np.int64)])))
    tensors = tuple(map(new_tensor, found))
    return tensors if len(tensors) > 1 else tensors[0]


def _order(op: str, x: Any, dim: int, descending: bool) -> Any:
    """Indices in order along an axis; equal elements keep their order, NaN is the largest."""
    axis = axis_of(op, dim, x.ndim)
    xp = array_module(x.array)
    if not isinstance(descending, bool):
        raise TypeError(f"{op}: descending is True or False (got {descending!r})")
    if x.ndim == 0:
        return xp.zeros((), np.int64)
    if not descending:
        return xp.argsort(x.array, axis=axis, kind="stable")
    # Sorted from behind, turned round: so that equal elements keep their order here, too.
    behind = xp.argsort(xp.flip(x.array, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - xp.flip(behind, axis)


def _picked(x: Any, dim: int, places: Any) -> Extremum:
    indices = new_tensor(array_module(x.array).ascontiguousarray(places).reshape(places.shape))
    return Extremum(x.gather(dim, indices) if x.ndim else x.clone(), indices)


def _one(x: Any, dim: int, order: Any, k: int, keepdim: bool) -> Extremum:
    """The k-th of the order along an axis."""
    if x.ndim == 0:
        return _picked(x, dim, order)
    axis = axis_of("one", dim, x.ndim)
    found = _picked(x, dim, order[(slice(None),) * axis + (slice(k, k + 1),)])
    return found if keepdim else Extremum(*(part.squeeze(axis) for part in found))


def _refuse_booleans(op: str, x: Any) -> None:
    if x.dtype.kind == "b":
        raise TypeError(f"{op}: booleans have no such order; use .int()")


def _median(op: str, x: Any, dim: int | None, keepdim: bool, skip_nan: bool) -> Any:
    _refuse_booleans(op, x)
    if dim is None:
        return _median_of_all(op, x, skip_nan)
    axis = axis_of(op, dim, x.ndim)
    if x.ndim == 0:
        return _picked(x, dim, _order(op, x, dim, False))
    if x.shape[axis] == 0:
        raise IndexError(f"{op}: there is no median of nothing (got shape {x.shape}, dim {dim})")
    xp = array_module(x.array)
    size = x.shape[axis]
    missing = xp.isnan(x.array).sum(axis, keepdims=True)
    if skip_nan:
        middle = xp.maximum((size - missing - 1) // 2, 0)
    else:  # the first NaN stands behind all numbers
        middle = xp.where(missing > 0, size - missing, (size - 1) // 2)
    places = xp.take_along_axis(_order(op, x, dim, False), middle, axis)
    found = _picked(x, dim, places)
    return found if keepdim else Extremum(*(part.squeeze(axis) for part in found))


def _median_of_all(op: str, x: Any, skip_nan: bool) -> Tensor:
    """The median of all elements; those that equal it share the gradient."""
    xp = array_module(x.array)
    if x.array.size:
        value = _median(op, x.detach().reshape(-1), 0, False, skip_nan).values
    elif x.dtype.kind == "f":
        value = new_tensor(xp.full((), math.nan, x.dtype))
    else:
        raise IndexError(f"{op}: there is no median of nothing (got shape {x.shape})")
    if x.dtype.kind != "f":
        return value
    same = (x.array == value.array) | (xp.isnan(x.array) & xp.isnan(value.array))
    mean = choose(new_tensor(same), x, x.dtype.type(0)).sum() / max(int(same.sum()), 1)
    return exactly(value.array, mean)


_ROUNDINGS = ("linear", "lower", "higher", "nearest", "midpoint")


def _quantile(
    op: str, x: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool
) -> Any:
    if interpolation not in _ROUNDINGS:
        raise ValueError(f"{op}: interpolation is one of {_ROUNDINGS} (got {interpolation!r})")
    if x.dtype.name not in ("float32", "float64") or x.array.size == 0:
        raise ValueError(
            f"{op}: expects float32 or float64, with elements (got {x.dtype}, shape {x.shape})"
        )
    if not isinstance(q, (float, int, tape.TENSOR)):
        raise TypeError(f"{op}: q is a number or a Tensor (got {type(q).__name__})")
    xp = array_module(x.array)
    given = q.array if isinstance(q, tape.TENSOR) else xp.asarray(q, x.dtype)
    if given.dtype != x.dtype or given.ndim > 1:
        raise ValueError(f"{op}: q is a number or a vector of {x.dtype} (got {given.dtype})")
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"{op}: q lies between 0 and 1 (got {given})")
    rows = x.reshape(-1) if dim is None else x.movedim(axis_of(op, dim, x.ndim), -1)
    rows = rows.reshape(1) if rows.ndim == 0 else rows
    ordered = rows.sort(-1).values
    missing = xp.isnan(rows.array).sum(-1, keepdims=True)
    last = rows.shape[-1] - 1 - (missing if skip_nan else 0 * missing)
    found = []
    for one in xp.atleast_1d(given):
        rank = xp.maximum(one * last.astype(x.dtype), 0)
        if not skip_nan:
            rank = xp.where(missing > 0, rows.shape[-1] - 1, rank)
        found.append(_at_rank(ordered, rank, interpolation).squeeze(-1))
    return _shaped(found, given.ndim, x, dim, keepdim)


def _at_rank(ordered: Any, rank: Any, interpolation: str) -> Any:
    """The value at a rank between two places; ordered (…, S), rank (…, 1)."""
    xp = array_module(rank)
    rounded = {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.rint}.get(interpolation)
    if rounded is not None:
        return ordered.gather(-1, new_tensor(rounded(rank).astype(np.int64)))
    low = xp.floor(rank)
    weight = rank - low if interpolation == "linear" else xp.full(rank.shape, 0.5, rank.dtype)
    a = ordered.gather(-1, new_tensor(low.astype(np.int64)))
    b = ordered.gather(-1, new_tensor(xp.ceil(rank).astype(np.int64)))
    # From the nearer end: −inf + 0.8 · (1 − −inf) would be NaN, 1 − 0.2 · (1 − −inf) is −inf.
    step, w = b - a, new_tensor(weight.astype(ordered.dtype))
    return choose(new_tensor(weight < 0.5), a + step * w, b - step * (1 - w))


def _shaped(found: list[Any], q_axes: int, x: Any, dim: int | None, keepdim: bool) -> Any:
    """One result for each q, in front, with the reduced axes kept where asked."""
    from ..joining import stack

    if keepdim:
        kept = (1,) * x.ndim
        axis = None if dim is None else axis_of("quantile", dim, x.ndim)
        found = [y.reshape(kept) if axis is None else y.unsqueeze(axis) for y in found]
    return stack(found) if q_axes else found[0]
