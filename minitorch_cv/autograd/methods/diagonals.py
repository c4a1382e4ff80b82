"""Methods of `Tensor` about the triangles and diagonals of its last axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...backend.library import array_module
from ...ops.shape.getitem import SCATTER
from ...ops.shape.strided import OP as STRIDED
from ..tape import apply, new_tensor
from .pointwise import choose
from .shaping import axes_of

if TYPE_CHECKING:
    from ..tensor import Tensor


class Diagonals:
    """Mixin: tril, triu, diagonal, diagonal_scatter, diag, diag_embed, diagflat, trace."""

    __slots__ = ()
    dtype: Any
    shape: Any
    ndim: Any

    def tril(self, diagonal: int = 0) -> Tensor:
        """0 above a diagonal of the last two axes"""
        return _triangle("tril", self, diagonal, below=True)

    def triu(self, diagonal: int = 0) -> Tensor:
        """0 below a diagonal of the last two axes"""
        return _triangle("triu", self, diagonal, below=False)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The diagonal of two axes, as the last axis (a view)"""
        axes, length, start = _diagonal("diagonal", self, offset, dim1, dim2)
        others = [k for k in range(self.ndim) if k not in axes]
        shape = (*(self.shape[k] for k in others), length)
        steps = [tuple(int(k == own) for k in range(self.ndim)) for own in others]
        steps.append(tuple(int(k in axes) for k in range(self.ndim)))
        return apply(STRIDED, self, shape=shape, start=start, steps=tuple(steps))

    def diag(self, diagonal: int = 0) -> Tensor:
        """The diagonal of a matrix; of a vector the matrix that has it there"""
        if self.ndim == 1:
            return self.diag_embed(diagonal)
        if self.ndim != 2:
            raise ValueError(f"diag: expects a vector or a matrix (got shape {self.shape})")
        return self.diagonal(diagonal)

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """Matrices whose diagonal is the last axis, 0 elsewhere; their axes are dim1 and dim2"""
        x: Any = self
        if x.ndim == 0:
            raise ValueError("diag_embed: expects at least one axis (got a number)")
        first, second = axes_of("diag_embed", (dim1, dim2), x.ndim + 1)
        size = x.shape[-1] + abs(offset)
        steps = array_module(x.array).arange(x.shape[-1])
        key = (..., steps + max(-offset, 0), steps + max(offset, 0))
        made = apply(SCATTER, x, key=key, shape=(*x.shape[:-1], size, size))
        order = list(range(x.ndim - 1))
        for axis, own in sorted([(first, x.ndim - 1), (second, x.ndim)]):
            order.insert(axis, own)
        return made.permute(order)

    def diagflat(self, offset: int = 0) -> Tensor:
        """The matrix that has all elements on a diagonal, 0 elsewhere"""
        return self.reshape(-1).diag_embed(offset)  # type: ignore[attr-defined]

    def diagonal_scatter(
        self, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
    ) -> Tensor:
        """A copy in which `diagonal(offset, dim1, dim2)` is src"""
        changed: Any = self.clone()  # type: ignore[attr-defined]
        place = changed.diagonal(offset, dim1, dim2)
        if src.shape != place.shape or src.dtype != self.dtype:
            raise ValueError(
                f"diagonal_scatter: src is {place.shape} of {self.dtype} (got {src.shape} of "
                f"{src.dtype})"
            )
        place.copy_(src)
        return changed

    def trace(self) -> Tensor:
        """The sum of a matrix's diagonal"""
        if self.ndim != 2 or self.dtype.kind == "b":
            raise ValueError(f"trace: expects a matrix of numbers (got {self.shape}, {self.dtype})")
        return self.diagonal().sum()


def _diagonal(op: str, x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """(its two axes, its length, the place where it begins)"""
    if x.ndim < 2:
        raise ValueError(f"{op}: expects at least 2 axes (got shape {x.shape})")
    first, second = axes_of(op, (dim1, dim2), x.ndim)
    begin = {first: max(-offset, 0), second: max(offset, 0)}
    length = max(0, min(x.shape[axis] - place for axis, place in begin.items()))
    start = tuple(begin.get(axis, 0) if length else 0 for axis in range(x.ndim))
    return (first, second), length, start


def _triangle(op: str, x: Any, diagonal: int, below: bool) -> Any:
    if x.ndim < 2:
        raise ValueError(f"{op}: expects at least 2 axes (got shape {x.shape})")
    xp = array_module(x.array)
    rows, columns = xp.arange(x.shape[-2])[:, None], xp.arange(x.shape[-1])
    inside = columns - rows <= diagonal if below else columns - rows >= diagonal
    return choose(new_tensor(inside), x, new_tensor(xp.zeros((), x.dtype)))
