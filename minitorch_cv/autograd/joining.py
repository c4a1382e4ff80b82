"""Functions that join and cut tensors, or bring several to one shape: cat, split, meshgrid, …"""

from __future__ import annotations

from itertools import combinations as choices
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend.device import chosen_device
from ..backend.dtypes import as_dtype, get_default_dtype, promote_dtypes
from ..backend.library import array_module
from ..ops.elementwise.broadcast import broadcast_shapes as resolve_shapes
from ..ops.shape.concatenate import OP as CONCATENATE
from . import tape
from .methods.shaping import axis_of, shape_of
from .tape import apply, new_tensor

if TYPE_CHECKING:
    from .tensor import Tensor


def cat(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors joined along an axis. (Vectors without elements fit any shape.)"""
    tensors = _listed("cat", tensors)
    dtype = tensors[0].array.dtype
    for tensor in tensors[1:]:
        if tensor.array.dtype is not dtype:
            dtype = promote_dtypes(dtype, tensor.array.dtype)
    if (0,) in [tensor.array.shape for tensor in tensors]:
        tensors, dim = _fitted(tensors, dim)
    same = [x if x.array.dtype is dtype else x.to(dtype=dtype) for x in tensors]
    return apply(CONCATENATE, *same, axis=dim)


def _fitted(tensors: list[Any], dim: int) -> tuple[list[Any], int]:
    """Vectors without elements in a shape that fits the other tensors."""
    model = next((x.shape for x in tensors if x.shape != (0,)), None)
    if model is None:
        return tensors, 0
    axis = axis_of("cat", dim, len(model))
    nothing = (*model[:axis], 0, *model[axis + 1 :])
    return [x.reshape(nothing) if x.shape == (0,) else x for x in tensors], dim


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    tensors = _listed("stack", tensors)
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) != 1:
        raise ValueError(f"stack: expects tensors of one shape (got {sorted(shapes)})")
    return cat([tensor.unsqueeze(dim) for tensor in tensors], dim)


def _listed(op: str, tensors: Any, least: int = 1) -> list[Any]:
    """The tensors as a list. Raises TypeError or ValueError for anything else."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(f"{op}: expects a list of Tensors (got {type(tensors).__name__}); use [x]")
    for tensor in tensors:
        if not isinstance(tensor, tape.TENSOR):
            raise TypeError(f"{op}: expects Tensors (got {type(tensor).__name__}); use tensor()")
    if len(tensors) < least:
        raise ValueError(f"{op}: expects at least one tensor (got none)")
    return list(tensors)


def _spread(op: str, tensors: tuple[Any, ...], least: int = 0) -> list[Any]:
    """Tensors given as arguments, or as one list."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    return _listed(op, tensors, least)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of one size along an axis (the last may be smaller), or of the sizes in a list."""
    return _listed("split", [tensor])[0].split(split_size_or_sections, dim)


def atleast_1d(*tensors: Any) -> Any:
    """A number as a vector of one; others as they are."""
    return _each("atleast_1d", tensors, lambda x: x.reshape(1) if x.ndim == 0 else x)


def atleast_2d(*tensors: Any) -> Any:
    """A vector as one row; more axes as they are."""
    return _each("atleast_2d", tensors, lambda x: atleast_1d(x).unsqueeze(0) if x.ndim < 2 else x)


def atleast_3d(*tensors: Any) -> Any:
    """A matrix with a third axis of size 1; more axes as they are."""
    return _each("atleast_3d", tensors, lambda x: atleast_2d(x).unsqueeze(-1) if x.ndim < 3 else x)


def _each(op: str, tensors: tuple[Any, ...], change: Any) -> Any:
    """One tensor for one, a tuple for several."""
    changed = tuple(change(x) for x in _spread(op, tensors))
    alone = len(tensors) == 1 and isinstance(tensors[0], tape.TENSOR)
    return changed[0] if alone else changed


def hstack(tensors: Any) -> Tensor:
    """Side by side: joined along the second axis, vectors along their only one."""
    parts = [atleast_1d(x) for x in _listed("hstack", tensors)]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Tensor:
    """One below the other: joined along the first axis, vectors as rows."""
    return cat([atleast_2d(x) for x in _listed("vstack", tensors)], 0)


row_stack = vstack


def dstack(tensors: Any) -> Tensor:
    """One behind the other: joined along the third axis."""
    return cat([atleast_3d(x) for x in _listed("dstack", tensors)], 2)


def column_stack(tensors: Any) -> Tensor:
    """Side by side, vectors as columns."""
    parts = _listed("column_stack", tensors)
    return hstack([x.reshape(-1, 1) if x.ndim < 2 else x for x in parts])


def block_diag(*tensors: Any) -> Tensor:
    """Matrices along the diagonal of a larger one, 0 elsewhere."""
    blocks = [atleast_2d(x) for x in _listed("block_diag", tensors, 0)]
    if any(block.ndim > 2 for block in blocks):
        raise ValueError(f"block_diag: expects matrices (got {[x.shape for x in tensors]})")
    width = sum(block.shape[1] for block in blocks)
    rows, left = [], 0
    for block in blocks:
        xp = array_module(block.array)
        height, own = block.shape
        before = new_tensor(xp.zeros((height, left), block.dtype))
        after = new_tensor(xp.zeros((height, width - left - own), block.dtype))
        rows.append(cat([before, block, after], 1))
        left += own
    return cat(rows, 0) if rows else new_tensor(np.zeros((1, 0), get_default_dtype()))


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that all shapes broadcast to."""
    given = [shape_of((shape,)) for shape in shapes]
    if any(size < 0 for shape in given for size in shape):
        raise ValueError(f"broadcast_shapes: sizes are at least 0 (got {given})")
    return resolve_shapes("broadcast_shapes", *given) if given else ()


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All in their common shape, without copying."""
    given = _spread("broadcast_tensors", tensors)
    shape = resolve_shapes("broadcast_tensors", *(x.shape for x in given)) if given else ()
    return tuple(x.expand(shape) for x in given)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Vectors as coordinates of a grid; indexing "ij" (rows first) or "xy" (columns first)."""
    vectors = _spread("meshgrid", tensors, 1)
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing is 'ij' or 'xy' (got {indexing!r})")
    if any(x.ndim > 1 for x in vectors):
        raise ValueError(f"meshgrid: expects vectors (got {[x.shape for x in vectors]})")
    if len({x.dtype for x in vectors}) > 1:
        raise TypeError(f"meshgrid: all are of one dtype (got {[str(x.dtype) for x in vectors]})")
    axes = list(range(len(vectors)))  # where each vector runs
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    shape = [vectors[axis].numel() for axis in axes]  # (swapping two is its own inverse)
    grids = []
    for x, axis in zip(vectors, axes, strict=True):
        alone = [n if other == axis else 1 for other, n in enumerate(shape)]
        grids.append(x.reshape(alone).expand(shape))
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All choices of one element from each vector, a row each; one vector stays as it is."""
    _listed("cartesian_prod", tensors)
    if any(x.ndim != 1 for x in tensors):
        raise ValueError(f"cartesian_prod: expects vectors (got {[x.shape for x in tensors]})")
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.reshape(-1) for grid in meshgrid(*tensors)], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Tensor:  # noqa: A002
    """All choices of r elements of a vector, in order, a row each."""
    if input.ndim != 1 or r < 0:
        raise ValueError(f"combinations: expects a vector and r ≥ 0 (got {input.shape}, {r})")
    if r == 0:
        return new_tensor(input.array[:0])
    pick = combinations_with_replacement if with_replacement else choices
    rows = np.array(list(pick(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    return input[new_tensor(array_module(input.array).asarray(rows))]


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None
) -> Tensor:
    """Rows and columns of the elements on and below a diagonal, (2, count)."""
    return _triangle_indices("tril_indices", row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None
) -> Tensor:
    """Rows and columns of the elements on and above a diagonal, (2, count)."""
    return _triangle_indices("triu_indices", row, col, offset, dtype, device)


def _triangle_indices(op: str, row: int, col: int, offset: int, dtype: Any, device: Any) -> Tensor:
    if min(shape_of((row, col))) < 0 or as_dtype(dtype) not in ("int32", "int64"):
        raise ValueError(
            f"{op}: row and col are at least 0, dtype is int32 or int64 (got {row}, {col}, {dtype})"
        )
    found = np.stack(getattr(np, op)(row, offset, col))
    return new_tensor(found.astype(as_dtype(dtype))).to(device=chosen_device(device))


__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
    "broadcast_tensors", "cartesian_prod", "cat", "column_stack", "combinations", "concat",
    "concatenate", "dstack", "hstack", "meshgrid", "row_stack", "split", "stack",
    "tril_indices", "triu_indices", "vstack",
]  # fmt: skip
