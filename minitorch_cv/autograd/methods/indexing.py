"""Methods of `Tensor` that pick elements by index or mask, and what they ask of an index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend.library import array_module
from ...ops.elementwise.broadcast import broadcast_shapes
from ...ops.shape.gather import OP as GATHER
from .. import tape
from ..tape import apply, new_tensor
from .shaping import axis_of, own_axis, shape_of

if TYPE_CHECKING:
    from ..tensor import Tensor

INDICES = ("int64", "int32")


class Indexing:
    """Mixin: gather, take_along_dim, index_select, take, masked_select, nonzero."""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any
    ndim: Any

    def gather(self, dim: int, index: Tensor) -> Tensor:
        """y[i, j] = x[index[i, j], j] for dim 0, and so on; index is as large as y"""
        axis = judge_index("gather", self, dim, index)
        if index.array.size == 0:
            return self.reshape(-1)[:0].reshape(index.shape)  # type: ignore[attr-defined]
        x, rows = row(self), row(index)
        part = x[_crop(rows.shape, axis)].movedim(axis, -1)
        places = rows.array.astype(np.int64, copy=False)
        found = apply(GATHER, part, array_module(places).moveaxis(places, axis, -1))
        return found.movedim(-1, axis).reshape(index.shape)

    def take_along_dim(self, indices: Tensor, dim: int | None = None) -> Tensor:
        """Like `gather`, with sizes broadcast; without dim from the flat tensor

        A number beyond the axis counts on from its start: index % size, as in PyTorch.
        """
        x: Any = self
        if not isinstance(indices, tape.TENSOR) or indices.dtype.name != "int64":
            raise TypeError(f"take_along_dim: indices are a tensor of int64 (got {indices})")
        if dim is None:
            return x.flatten().take_along_dim(indices.flatten(), 0)
        axis = own_axis("take_along_dim", dim, x)
        if x.ndim != indices.ndim:
            raise ValueError(
                f"take_along_dim: x and indices have as many axes (got {x.shape} and "
                f"{indices.shape})"
            )
        others = [[1 if k == axis else n for k, n in enumerate(y.shape)] for y in (x, indices)]
        shape = list(broadcast_shapes("take_along_dim", *map(tuple, others)))
        shape[axis] = -1
        return x.expand(shape).gather(axis, (indices % max(x.shape[axis], 1)).expand(shape))

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """The slices of the numbers in `index`, in its order"""
        axis, places = judge_vector("index_select", self, dim, index)
        y = row(self)[(slice(None),) * axis + (places,)]
        return y if self.ndim else y.reshape(())

    def take(self, index: Tensor) -> Tensor:
        """The elements of the flat tensor with these numbers, in the shape of `index`"""
        x: Any = self
        judge_integers("take", index, INDICES[:1])
        count = math.prod(x.shape)
        in_range("take", index.array, -count, count)
        return x.reshape(-1)[index.array]

    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where the mask holds, as one axis; x and mask are broadcast"""
        x: Any = self
        judge_mask("masked_select", mask)
        shape = broadcast_shapes("masked_select", x.shape, mask.shape)
        return x.expand(shape)[mask.expand(shape)]

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """Where x is not 0: (count, axes), or one vector for each axis"""
        xp = array_module(self.array)
        lists = xp.nonzero(xp.atleast_1d(self.array))
        if as_tuple:
            return tuple(new_tensor(places) for places in lists)
        if self.ndim == 0:
            return new_tensor(xp.zeros((lists[0].size, 0), np.int64))
        return new_tensor(xp.stack(lists, axis=1))

    def argwhere(self) -> Tensor:
        """Where x is not 0: (count, axes)"""
        return self.nonzero()

    def unravel_index(self, shape: Any) -> tuple[Tensor, ...]:
        """Numbers in a flat tensor as places in a tensor of this shape, a tensor for each axis"""
        judge_integers("unravel_index", self, ("int64", "int32", "int16", "int8", "uint8"))
        sizes = shape_of((shape,))
        if min(sizes, default=0) < 0:
            raise ValueError(f"unravel_index: sizes are at least 0 (got {sizes})")
        in_range("unravel_index", self.array, 0, math.prod(sizes))
        found, rest = [], self.array.astype(np.int64)
        for size in sizes[::-1]:
            found.append(new_tensor(rest % max(size, 1)))
            rest = rest // max(size, 1)
        return tuple(found[::-1])


def _crop(shape: tuple[int, ...], axis: int) -> tuple[slice, ...]:
    """The part of x that an index of this shape can meet: all of the axis gathered along."""
    return tuple(slice(None) if k == axis else slice(n) for k, n in enumerate(shape))


def row(x: Any) -> Any:
    """A number as a vector of one, as which indices see it; more axes as they are."""
    return x if x.ndim else x.reshape(1)


# What is judged before anything is moved.


def judge_integers(op: str, index: Any, names: tuple[str, ...] = INDICES) -> None:
    """Raises TypeError for what is no tensor of one of these dtypes."""
    if not isinstance(index, tape.TENSOR) or index.dtype.name not in names:
        kind = getattr(index, "dtype", type(index).__name__)
        raise TypeError(f"{op}: index is a tensor of int64 (got {kind}); use index.long()")


def judge_index(op: str, x: Any, dim: int, index: Any) -> int:
    """The axis. Raises TypeError, ValueError or IndexError for an index that does not fit."""
    axis = axis_of(op, dim, x.ndim)
    judge_integers(op, index)
    if index.array.size == 0:
        return axis
    if max(index.ndim, 1) != max(x.ndim, 1):
        raise ValueError(f"{op}: x and index have as many axes (got {x.shape} and {index.shape})")
    for k, (own, n) in enumerate(zip(x.shape, index.shape, strict=False)):
        if k != axis and n > own:
            raise ValueError(
                f"{op}: index is larger than x along axis {k} (got {index.shape} for {x.shape})"
            )
    in_range(op, index.array, 0, x.shape[axis] if x.ndim else 1)
    return axis


def judge_vector(
    op: str, x: Any, dim: int, index: Any, names: tuple[str, ...] = INDICES, negative: bool = False
) -> tuple[int, Any]:
    """(axis, index as an array of one axis) for an index that names slices of x."""
    axis = axis_of(op, dim, x.ndim)
    judge_integers(op, index, names)
    if index.ndim > 1:
        raise ValueError(f"{op}: index is a vector (got shape {index.shape})")
    size = x.shape[axis] if x.ndim else 1
    in_range(op, index.array, -size if negative else 0, size)
    return axis, index.array.reshape(-1)


def in_range(op: str, places: Any, low: int, size: int) -> None:
    """Raises IndexError for a number that is not in [low, size)."""
    if places.size and (int(places.min()) < low or int(places.max()) >= size):
        raise IndexError(
            f"{op}: index holds {int(places.min())} … {int(places.max())}, but there are {size} "
            f"places; use {low} … {size - 1}"
        )


def judge_mask(op: str, mask: Any) -> None:
    """Raises TypeError for what is no tensor of booleans."""
    if not isinstance(mask, tape.TENSOR) or mask.dtype.kind != "b":
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise TypeError(f"{op}: mask is a tensor of booleans (got {kind}); use mask.bool()")
