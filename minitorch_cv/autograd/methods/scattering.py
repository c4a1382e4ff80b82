"""Methods of `Tensor` that place elements by index or mask. Each answers a changed copy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.library import array_module
from ...ops.shape.gather import SCATTER_ADD
from ...ops.shape.getitem import SCATTER
from ...ops.shape.setitem import OP as SETITEM
from .. import tape
from ..tape import apply, new_tensor
from .indexing import INDICES, judge_index, judge_mask, judge_vector, row
from .inplace import as_number, plain_key
from .pointwise import choose
from .shaping import own_axis

if TYPE_CHECKING:
    from ..tensor import Tensor

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


class Scattering:
    """Mixin: scatter, scatter_reduce, index_add, index_put, masked_fill, slice_scatter, …"""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any
    ndim: Any

    # One place for each number of the index.

    def scatter(
        self, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
        reduce: str | None = None,
    ) -> Tensor:  # fmt: skip
        """A copy with y[index[i, j], j] = src[i, j] for dim 0, and so on.

        src: a tensor at least as large as index, or a number. reduce: None, "add" or "multiply".
        Where an index occurs twice, the last of the values stays.
        """
        axis = judge_index("scatter", self, dim, index)
        src = value if src is None else src
        if not isinstance(src, tape.TENSOR):
            src = as_number("scatter", self, src).expand(index.shape)
        if reduce is not None:
            names = {"add": "sum", "multiply": "prod"}
            if reduce not in names:
                raise ValueError(f"scatter: reduce is 'add' or 'multiply' (got {reduce!r})")
            return self.scatter_reduce(dim, index, src, names[reduce])
        _judge_source("scatter", self, index, src)
        if index.array.size == 0:
            return self.clone()  # type: ignore[attr-defined]
        rows, key = _met(index, src, axis)
        return apply(SETITEM, row(self), rows, key=key).reshape(self.shape)

    def scatter_add(self, dim: int, index: Tensor, src: Tensor) -> Tensor:
        """A copy with y[index[i, j], j] += src[i, j] for dim 0, and so on"""
        return self.scatter_reduce(dim, index, src, "sum")

    def scatter_reduce(
        self, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
    ) -> Tensor:
        """A copy in which y[index[i, j], j] is the sum, prod, mean, amax or amin of all that meet.

        include_self: does the element of x belong to them? Ties of amax and amin share the
        gradient.
        """
        axis = judge_index("scatter_reduce", self, dim, index)
        if reduce not in REDUCTIONS:
            raise ValueError(
                f"scatter_reduce: reduce is one of {', '.join(REDUCTIONS)} (got {reduce!r})"
            )
        if reduce == "mean" and self.dtype.kind == "b":
            raise TypeError("scatter_reduce: booleans have no mean; use .float()")
        _judge_source("scatter_reduce", self, index, src)
        if index.array.size == 0:
            return self.clone()  # type: ignore[attr-defined]
        rows, key = _met(index, src, axis)
        method = {"sum": _sum, "mean": _mean, "prod": _prod}.get(reduce, _extremum)
        return method(row(self), rows, key, reduce, include_self).reshape(self.shape)

    # Slices along one axis.

    def index_add(self, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
        """A copy with alpha times the slices of `source` added to those in `index`"""
        axis, places = judge_vector("index_add", self, dim, index)
        _judge_slices("index_add", self, axis, index, source)
        x, source = row(self), row(source)
        moved = (source if alpha == 1 else source * alpha).movedim(axis, -1)
        wide = array_module(places).broadcast_to(places, moved.shape)
        total = apply(SCATTER_ADD, moved, wide, size=x.shape[axis]).movedim(-1, axis)
        return (x + total).reshape(self.shape)

    def index_copy(self, dim: int, index: Tensor, source: Tensor) -> Tensor:
        """A copy with the slices in `index` replaced by those of `source`"""
        axis, places = judge_vector("index_copy", self, dim, index, INDICES[:1])
        _judge_slices("index_copy", self, axis, index, source)
        key = (slice(None),) * axis + (places,)
        return apply(SETITEM, row(self), row(source), key=key).reshape(self.shape)

    def index_fill(self, dim: int, index: Tensor, value: Any) -> Tensor:
        """A copy with the slices in `index` filled with one value"""
        axis, places = judge_vector("index_fill", self, dim, index, INDICES[:1], negative=True)
        key = (slice(None),) * axis + (places,)
        number = as_number("index_fill", self, value)
        return apply(SETITEM, row(self), number, key=key).reshape(self.shape)

    def select_scatter(self, src: Tensor, dim: int, index: int) -> Tensor:
        """A copy in which `select(dim, index)` is src"""
        axis = own_axis("select_scatter", dim, self)
        return _place("select_scatter", self, src, (slice(None),) * axis + (index,))

    def slice_scatter(
        self, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
        step: int = 1,
    ) -> Tensor:  # fmt: skip
        """A copy in which the slices start, start + step, … before `end` are src"""
        axis = own_axis("slice_scatter", dim, self)
        if step < 1:
            raise ValueError(f"slice_scatter: step is positive (got {step})")
        key = (slice(None),) * axis + (slice(start, end, step),)
        return _place("slice_scatter", self, src, key)

    # By key and by mask.

    def index_put(self, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
        """A copy with y[indices] = values, or += with accumulate"""
        x: Any = self
        if not isinstance(indices, (tuple, list)):
            raise TypeError(f"index_put: indices are a tuple (got {type(indices).__name__})")
        key = plain_key(tuple(indices))
        if values.dtype != x.dtype:
            raise TypeError(
                f"index_put: values are of x's dtype (got {values.dtype} for {x.dtype}); "
                f"use values.to({x.dtype})"
            )
        if accumulate:
            shape = x[key].shape
            return x + apply(SCATTER, values.expand(shape), key=key, shape=x.shape)
        return apply(SETITEM, x, values, key=key)

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """`value` where the mask holds, else x; x and mask are broadcast"""
        judge_mask("masked_fill", mask)
        return choose(mask, as_number("masked_fill", self, value), self)

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """A copy whose elements under the mask are, in order, the first elements of `source`"""
        from ..joining import broadcast_tensors

        judge_mask("masked_scatter", mask)
        x, held = broadcast_tensors(self, mask)
        count = int(held.array.sum())
        if not isinstance(source, tape.TENSOR) or source.dtype != x.dtype:
            kind = getattr(source, "dtype", type(source).__name__)
            raise TypeError(f"masked_scatter: source is a tensor of {x.dtype} (got {kind})")
        if math.prod(source.shape) < count:
            raise ValueError(
                f"masked_scatter: source has at least {count} elements, as many as the mask holds "
                f"(got {source.shape})"
            )
        return apply(SETITEM, x, source.reshape(-1)[:count], key=held.array)


# What is judged, and how indices and sources meet.


def _judge_source(op: str, x: Any, index: Any, src: Any) -> None:
    if not isinstance(src, tape.TENSOR) or src.dtype != x.dtype:
        kind = getattr(src, "dtype", type(src).__name__)
        raise TypeError(f"{op}: src is a tensor of {x.dtype}, like x (got {kind}); use src.to(…)")
    fits = index.array.size == 0 or (
        max(src.ndim, 1) == max(index.ndim, 1)
        and all(n <= size for n, size in zip(row(index).shape, row(src).shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{op}: src is at least as large as index (got {src.shape} for {index.shape})"
        )


def _judge_slices(op: str, x: Any, axis: int, index: Any, source: Any) -> None:
    """The source of index_add and index_copy has a slice for each number of the index."""
    if not isinstance(source, tape.TENSOR) or source.dtype != x.dtype:
        kind = getattr(source, "dtype", type(source).__name__)
        raise TypeError(f"{op}: source is a tensor of {x.dtype}, like x (got {kind})")
    wanted = list(row(x).shape)
    wanted[axis] = math.prod(index.shape)
    if list(row(source).shape) != wanted or max(source.ndim, 1) != max(x.ndim, 1):
        raise ValueError(f"{op}: source is of shape {tuple(wanted)} (got {source.shape})")


def _met(index: Any, src: Any, axis: int) -> tuple[Any, Any]:
    """(the part of src that the index covers, the key of the places of x that it meets)."""
    index, src = row(index), row(src)
    xp = array_module(index.array)
    key: list[Any] = []
    for k, n in enumerate(index.shape):
        alone = tuple(n if other == k else 1 for other in range(index.ndim))
        key.append(index.array if k == axis else xp.arange(n).reshape(alone))
    return src[tuple(slice(n) for n in index.shape)], tuple(key)


def _place(op: str, x: Any, src: Any, key: Any) -> Tensor:
    """A copy of x with x[key] = src, whose shape has to be that of x[key]."""
    shape = x[key].shape
    if src.shape != shape:
        raise ValueError(f"{op}: src is of shape {shape} (got {src.shape})")
    return apply(SETITEM, x, src.to(dtype=x.dtype), key=key)


# The reductions of scatter_reduce: x and src of at least one axis, key as from _met.


def _cleared(x: Any, key: Any, include_self: bool, neutral: int) -> Any:
    """x, with a neutral number at the places met where x itself does not count."""
    if include_self:
        return x
    return apply(SETITEM, x, as_number("scatter_reduce", x, neutral), key=key)


def _sum(x: Any, src: Any, key: Any, reduce: str, include_self: bool) -> Tensor:
    return _cleared(x, key, include_self, 0) + apply(SCATTER, src, key=key, shape=x.shape)


def _mean(x: Any, src: Any, key: Any, reduce: str, include_self: bool) -> Tensor:
    xp = array_module(x.array)
    count = xp.full(x.shape, int(include_self), x.dtype)
    xp.add.at(count, key, 1)
    total, divisor = _sum(x, src, key, reduce, include_self), new_tensor(xp.maximum(count, 1))
    return total / divisor if x.dtype.kind == "f" else total // divisor


def _prod(x: Any, src: Any, key: Any, reduce: str, include_self: bool) -> Tensor:
    """One factor after the other: the k-th of those that meet at each place."""
    xp = array_module(x.array)
    y = _cleared(x, key, include_self, 1)
    full = xp.broadcast_arrays(*key)
    one = as_number("scatter_reduce", x, 1)
    for turn in _turns(full, x.shape):
        own = tuple(places[turn] for places in full)
        hit = xp.zeros(x.shape, np.bool_)
        hit[own] = True
        y = y * choose(new_tensor(hit), apply(SCATTER, src[turn], key=own, shape=x.shape), one)
    return y


def _turns(key: Any, shape: tuple[int, ...]) -> list[Any]:
    """Masks over the source: the first of those that meet at each place, the second, …"""
    xp = array_module(*key)
    flat = xp.zeros(key[0].shape, np.int64)
    for places, size in zip(key, shape, strict=True):
        flat = flat * size + places
    flat = flat.ravel()
    order = xp.argsort(flat, kind="stable")
    ranked = flat[order]
    number = xp.empty(flat.size, np.int64)
    number[order] = xp.arange(flat.size) - xp.searchsorted(ranked, ranked)  # since its group began
    number = number.reshape(key[0].shape)
    return [number == k for k in range(int(number.max()) + 1)]


def _extremum(x: Any, src: Any, key: Any, reduce: str, include_self: bool) -> Tensor:
    """The values are found without the tape; the gradient is shared by all that equal them."""
    xp = array_module(x.array)
    best = xp.array(x.array)
    if not include_self:
        best[key] = src.array  # any of those that meet, to start from
    (xp.maximum if reduce == "amax" else xp.minimum).at(best, key, src.array)
    if x.dtype.kind != "f":
        return new_tensor(best)
    own = xp.ones(x.shape, np.bool_)
    own[key] = False  # nothing meets there
    if include_self:
        own |= x.array == best
    winners = src.array == best[key]
    ties = own.astype(x.dtype)
    xp.add.at(ties, key, winners.astype(x.dtype))
    share = new_tensor(1 / xp.maximum(ties, 1))
    mine = choose(new_tensor(own), x, x.dtype.type(0)) * share
    theirs = choose(new_tensor(winners), src, x.dtype.type(0)) * new_tensor(share.array[key])
    return exactly(best, mine + apply(SCATTER, theirs, key=key, shape=x.shape))


def exactly(value: Any, y: Tensor) -> Tensor:
    """`value` with the gradient of y, which differs from it by rounding, or where it is NaN."""
    same = value == y.array  # (of two infinities, too, whose difference would be NaN)
    with np.errstate(invalid="ignore"):
        missing = array_module(value).where(same, 0, value - y.array)
    return y + new_tensor(missing.astype(y.dtype, copy=False))
