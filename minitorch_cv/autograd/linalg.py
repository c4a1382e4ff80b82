"""`mt.linalg`: norms of vectors and matrices.

    vector_norm: (Σ |x|ᵖ)^(1/p)        matrix_norm: √(Σ x²), or the largest (smallest) sum of |x| of
    a column (1, −1) or a row (inf, −inf)

Source: G. Golub and C. Van Loan, "Matrix Computations", 4th edition, 2013, section 2.3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..backend.dtypes import as_dtype
from ..ops.reduce.norm import OP as NORM
from . import operands
from .methods.shaping import axis_of
from .tape import apply

if TYPE_CHECKING:
    from .tensor import Tensor


def vector_norm(
    x: Any,
    ord: Any = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,  # noqa: A002
) -> Tensor:
    """The norm of all elements, or along some axes: (Σ |x|ᵖ)^(1/p) with p = ord

    ±inf is the largest or smallest |x|, 0 counts what is not 0.
    """
    operands.tensors("vector_norm", x)
    if isinstance(ord, bool) or not isinstance(ord, (int, float)):
        raise TypeError(f"vector_norm: ord is a number (got {ord!r}); use e.g. ord=2")
    x = _typed("vector_norm", x, dtype)
    axis = tuple(dim) or None if isinstance(dim, (list, tuple)) else dim
    return apply(NORM, x, p=ord, axis=axis, keepdims=keepdim)


def matrix_norm(
    A: Any,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,  # noqa: A002
) -> Tensor:
    """The norm of matrices: "fro", 1, −1 (sums of columns), inf, −inf (sums of rows)

    The norms that need singular values (2, −2, "nuc") are not here.
    """
    operands.tensors("matrix_norm", A)
    A = _typed("matrix_norm", A, dtype)
    if not isinstance(dim, (list, tuple)) or len(dim) != 2 or A.ndim < 2:
        raise ValueError(f"matrix_norm: expects a matrix and two axes (got {A.shape}, dim={dim})")
    rows, columns = (axis_of("matrix_norm", axis, A.ndim) for axis in dim)
    if rows == columns:
        raise ValueError(f"matrix_norm: expects two different axes (got dim={dim})")
    if ord == "fro":
        return apply(NORM, A, p=2, axis=(rows, columns), keepdims=keepdim)
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"matrix_norm: ord is 'fro', 1, -1, inf or -inf (got {ord!r})")
    summed, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = A.abs().sum(summed, keepdim=True)
    if ord > 0 and A.shape[other] == 0:  # 0, as the largest of no sizes
        best = sums.detach().sum(other, True)
    else:
        best = sums.amax(other, True) if ord > 0 else sums.amin(other, True)
    if keepdim:
        return best
    return best.squeeze((rows, columns))


def _typed(op: str, x: Any, dtype: Any) -> Any:
    """x in that dtype, which loses nothing. Raises TypeError for other dtypes than floats."""
    if dtype is not None:
        wanted = as_dtype(dtype)
        if wanted.kind != "f" or (x.dtype.kind == "f" and wanted.itemsize < x.dtype.itemsize):
            raise TypeError(f"{op}: dtype holds the floats of x (got {dtype} for {x.dtype})")
        x = x.to(dtype=wanted)
    return operands.real(op, x)


__all__ = ["matrix_norm", "vector_norm"]
