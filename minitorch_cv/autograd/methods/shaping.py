"""Methods of `Tensor` that change its shape or pick parts of it. Views share memory."""

from __future__ import annotations

import math
from operator import index
from typing import TYPE_CHECKING, Any

from ...ops.shape import reshape as reshape_op
from ...ops.shape.expand import OP as EXPAND
from ...ops.shape.getitem import OP as GETITEM
from ...ops.shape.permute import OP as PERMUTE
from ..tape import apply
from .inplace import plain_key

if TYPE_CHECKING:
    from ..tensor import Tensor

RESHAPE = reshape_op.OP


def shape_of(args: tuple[Any, ...]) -> tuple[int, ...]:
    """`(2, 3)`, `((2, 3),)` and `([2, 3],)` all mean the shape (2, 3). Raises TypeError."""
    if not args:
        raise TypeError("shape: no sizes were given; a shape without axes is ()")
    given = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
    try:
        return tuple(index(size) for size in given)
    except TypeError:
        raise TypeError(f"shape: sizes and dims are integers (got {given!r})") from None


def axis_of(name: str, dim: int, ndim: int) -> int:
    """A dimension as a non-negative axis. Raises IndexError where it does not exist."""
    if not -max(ndim, 1) <= dim < max(ndim, 1):
        raise IndexError(
            f"{name}: dim {dim} does not exist (got a tensor with {ndim} dimensions); "
            f"use {-max(ndim, 1)} … {max(ndim, 1) - 1}"
        )
    return dim % max(ndim, 1)


def axes_of(name: str, dims: Any, ndim: int) -> tuple[int, ...]:
    """One dimension or several as axes. Raises ValueError where one is named twice."""
    axes = tuple(axis_of(name, dim, ndim) for dim in shape_of((dims,)))
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name}: a dim is named twice (got {dims}); name each one once")
    return axes


def own_axis(name: str, dim: int, x: Any) -> int:
    """An axis to cut along. Raises IndexError for a number, which has none."""
    if x.ndim == 0:
        raise IndexError(f"{name}: a number has no axis to cut along; use .reshape(1)")
    return axis_of(name, dim, x.ndim)


class Shaping:
    """Mixin: view, reshape, permute, transpose, flatten, squeeze, expand, indexing, …"""

    __slots__ = ()
    shape: Any
    ndim: Any
    array: Any

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements under another shape; one size may be −1."""
        return apply(RESHAPE, self, shape=shape_of(shape))

    def view(self, *shape: Any) -> Tensor:
        """Like `reshape`, but never a copy: RuntimeError where one would be needed."""
        if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list)):
            raise TypeError(f"view: expects sizes (got {shape[0]!r}); use .to() for another dtype")
        out = self.reshape(*shape)
        if out.array.size and out._base is None:
            raise RuntimeError(
                f"view: the memory of this tensor (shape {self.shape}, strides "
                f"{self.array.strides}) does not allow shape {out.shape}; use .reshape()"
            )
        return out

    def view_as(self, other: Tensor) -> Tensor:
        """A view in the shape of `other`."""
        return self.view(other.shape)

    def reshape_as(self, other: Tensor) -> Tensor:
        """Reshaped to the shape of `other`."""
        return self.reshape(other.shape)

    def permute(self, *dims: Any) -> Tensor:
        """The axes in another order."""
        return apply(PERMUTE, self, axes=shape_of(dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two axes swapped."""
        axes = list(range(self.ndim))
        i, j = axis_of("transpose", dim0, self.ndim), axis_of("transpose", dim1, self.ndim)
        if axes:
            axes[i], axes[j] = axes[j], axes[i]
        return apply(PERMUTE, self, axes=tuple(axes))

    swapdims = transpose

    def swapaxes(self, axis0: int, axis1: int) -> Tensor:
        """Two axes swapped."""
        return self.transpose(axis0, axis1)

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """One axis, or several, moved to other places."""
        froms, tos = (axes_of("movedim", dims, self.ndim) for dims in (source, destination))
        if len(froms) != len(tos) or isinstance(source, int) != isinstance(destination, int):
            raise ValueError(
                f"movedim: source and destination are two dims, or as many in lists (got {source} "
                f"and {destination})"
            )
        axes = [k for k in range(self.ndim) if k not in froms]
        for place, moved in sorted(zip(tos, froms, strict=True)):
            axes.insert(place, moved)
        return apply(PERMUTE, self, axes=tuple(axes[: self.ndim]))

    moveaxis = movedim

    def t(self) -> Tensor:
        """The transpose of a matrix. Raises RuntimeError for more than two axes."""
        if self.ndim > 2:
            raise RuntimeError(f"t: expects at most 2 axes (got shape {self.shape}); use .mT")
        return self.transpose(0, 1) if self.ndim == 2 else self.reshape(self.shape)

    @property
    def T(self) -> Tensor:  # noqa: N802
        """All axes reversed."""
        return apply(PERMUTE, self, axes=tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The last two axes swapped."""
        return self.transpose(-1, -2)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The axes from start_dim to end_dim (included) joined into one."""
        first = axis_of("flatten", start_dim, self.ndim)
        last = axis_of("flatten", end_dim, self.ndim)
        if first > last:
            raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
        joined = math.prod(self.shape[first : last + 1])
        return self.reshape(*self.shape[:first], joined, *self.shape[last + 1 :])

    def unflatten(self, dim: int, sizes: Any) -> Tensor:
        """One axis split into several; one size may be −1."""
        axis = own_axis("unflatten", dim, self)
        if not isinstance(sizes, (tuple, list)) or not sizes:
            raise TypeError(f"unflatten: sizes is a list of at least one (got {sizes!r})")
        inner = reshape_op.resolve((self.shape[axis],), shape_of((sizes,)))
        return self.reshape(*self.shape[:axis], *inner, *self.shape[axis + 1 :])

    def squeeze(self, dim: Any = None) -> Tensor:
        """Without its axes of size 1; with `dim`, without those alone where they are 1."""
        if dim is None:
            drop = set(range(self.ndim))
        else:
            drop = set(axes_of("squeeze", dim, self.ndim))
        kept = [size for axis, size in enumerate(self.shape) if not (axis in drop and size == 1)]
        return self.reshape(kept)

    def unsqueeze(self, dim: int) -> Tensor:
        """With a new axis of size 1 at `dim`."""
        axis = axis_of("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:axis], 1, *self.shape[axis:])

    def expand(self, *shape: Any) -> Tensor:
        """Axes of size 1 repeated without copying; −1 keeps a size."""
        wanted = shape_of(shape)
        extra = len(wanted) - self.ndim
        known = (-1,) * extra + tuple(self.shape)
        full = tuple(old if size == -1 else size for size, old in zip(wanted, known, strict=False))
        return apply(EXPAND, self, shape=full)

    def expand_as(self, other: Tensor) -> Tensor:
        """Expanded to the shape of `other`."""
        return self.expand(other.shape)

    def repeat(self, *times: Any) -> Tensor:
        """Copies laid side by side, `times[k]` along axis k (NumPy's tile)."""
        counts = shape_of(times)
        if len(counts) < self.ndim or min(counts, default=0) < 0:
            raise RuntimeError(
                f"repeat: expects a count ≥ 0 for each of the {self.ndim} axes (got {counts})"
            )
        shape = (1,) * (len(counts) - self.ndim) + tuple(self.shape)
        split = [size for pair in zip((1,) * len(shape), shape, strict=True) for size in pair]
        wide = [size for pair in zip(counts, shape, strict=True) for size in pair]
        joined = [n * size for n, size in zip(counts, shape, strict=True)]
        return self.reshape(split).expand(wide).reshape(joined)

    def __getitem__(self, key: Any) -> Tensor:
        return apply(GETITEM, self, key=plain_key(key))

    def select(self, dim: int, index: int) -> Tensor:
        """One slice along an axis, without that axis."""
        return self[(slice(None),) * own_axis("select", dim, self) + (index,)]

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """`length` slices along an axis from `start` on."""
        axis = own_axis("narrow", dim, self)
        size, first = self.shape[axis], index(start)
        begin = first + size if first < 0 else first
        if begin < 0 or length < 0 or begin + length > size:
            raise IndexError(
                f"narrow: {first} … {first + length} lies outside axis {axis} of size {size}"
            )
        return self[(slice(None),) * axis + (slice(begin, begin + length),)]

    def split(self, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces of one size along an axis (the last may be smaller), or of the sizes in a list."""
        axis = own_axis("split", dim, self)
        total = self.shape[axis]
        if isinstance(split_size, (tuple, list)):
            parts = list(shape_of((split_size,)))
            if sum(parts) != total or min(parts, default=0) < 0:
                raise ValueError(f"split: sizes {parts} do not add up to {total} (axis {axis})")
        else:
            size = index(split_size)
            if size < 0 or (size == 0 and total):
                raise ValueError(f"split: the size of a piece is positive (got {size})")
            parts = [min(size, total - start) for start in range(0, total, size or 1)] or [0]
        starts = [sum(parts[:k]) for k in range(len(parts))]
        return tuple(self.narrow(axis, start, n) for start, n in zip(starts, parts, strict=True))

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` pieces of equal size along an axis."""
        if chunks <= 0:
            raise ValueError(f"chunk: the number of pieces is positive (got {chunks})")
        axis = own_axis("chunk", dim, self)
        total = self.shape[axis]
        return self.split(-(-total // chunks) if total else [0] * chunks, axis)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """The slices along an axis, without that axis."""
        axis = own_axis("unbind", dim, self)
        return tuple(self.select(axis, k) for k in range(self.shape[axis]))

    def flip(self, *dims: Any) -> Tensor:
        """Some axes reversed (a copy, as in PyTorch)."""
        axes = axes_of("flip", shape_of(dims), self.ndim)
        key = tuple(slice(None, None, -1 if k in axes else 1) for k in range(self.ndim))
        return self[key].clone()
