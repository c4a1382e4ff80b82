"""Methods of `Tensor` that reduce axes: sum, mean, max, var, argmax, …"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...backend.dtypes import as_dtype
from ...backend.library import array_module, beside
from ...ops.op import Op
from ...ops.reduce.amax import AMAX, AMIN
from ...ops.reduce.max import MAX, MIN
from ...ops.reduce.mean import OP as MEAN
from ...ops.reduce.prod import OP as PROD
from ...ops.reduce.sum import OP as SUM
from ...ops.reduce.var import OP as VAR
from ...ops.reduce.var import STD
from ..tape import apply, new_tensor

if TYPE_CHECKING:
    from ..tensor import Tensor


class Extremum(NamedTuple):
    """Values and where they were found (PyTorch's `torch.return_types.max`)."""

    values: Any
    indices: Any


class Bounds(NamedTuple):
    """The smallest and the largest value (PyTorch's `torch.return_types.aminmax`)."""

    min: Any
    max: Any


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


class Reducing:
    """Mixin: reductions over one axis, several, or all (dim=None)."""

    __slots__ = ()
    array: Any
    dtype: Any

    def sum(self, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """Σ x; integers and booleans add up as int64."""
        x: Any = self
        if dtype is not None:
            x = x.to(dtype=as_dtype(dtype))
        elif x.dtype.kind != "f":
            x = x.to(dtype=np.dtype("int64"))
        y = apply(SUM, x, axis=_axis(dim), keepdims=keepdim)
        if y.dtype == x.dtype or (dtype is None and x.dtype.kind == "f"):  # autocast widens
            return y
        return y.to(dtype=x.dtype)  # NumPy adds int32 up as int64

    def mean(self, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The mean. Raises RuntimeError for integers, which have none of their type."""
        x: Any = self if dtype is None else self.to(dtype=as_dtype(dtype))  # type: ignore[attr-defined]
        if x.dtype.kind != "f":
            raise RuntimeError(f"mean: expects a float tensor (got {x.dtype}); use .float() first")
        return apply(MEAN, x, axis=_axis(dim), keepdims=keepdim)

    def var(self, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
            correction: int = 1) -> Tensor:  # fmt: skip
        """The variance, unbiased unless correction is 0."""
        return _deviation(VAR, self, dim, unbiased, keepdim, correction)

    def std(self, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
            correction: int = 1) -> Tensor:  # fmt: skip
        """The standard deviation, √var; the derivative at 0 is 0."""
        return _deviation(STD, self, dim, unbiased, keepdim, correction)

    def prod(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The product over one axis or over all."""
        x: Any = self
        if x.dtype.kind != "f":
            x = x.to(dtype=np.dtype("int64"))
        return apply(PROD, x, axis=dim, keepdims=keepdim)

    def amax(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The largest value; ties share the gradient."""
        return apply(AMAX, self, axis=_axis(dim), keepdims=keepdim)

    def amin(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The smallest value; ties share the gradient."""
        return apply(AMIN, self, axis=_axis(dim), keepdims=keepdim)

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest value of all; with a dim, (values, indices); with a tensor, `maximum`."""
        if dim is None:
            return self.amax()
        if hasattr(dim, "array"):
            return self.maximum(dim)  # type: ignore[attr-defined]
        return Extremum(*apply(MAX, self, axis=dim, keepdims=keepdim))

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest value of all; with a dim, (values, indices); with a tensor, `minimum`."""
        if dim is None:
            return self.amin()
        if hasattr(dim, "array"):
            return self.minimum(dim)  # type: ignore[attr-defined]
        return Extremum(*apply(MIN, self, axis=dim, keepdims=keepdim))

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the largest value (of the flat tensor without a dim); the first at ties."""
        return _arg("argmax", self.array, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the smallest value (of the flat tensor without a dim); the first at ties."""
        return _arg("argmin", self.array, dim, keepdim)

    def any(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where at least one element is not zero."""
        return _truth("any", self.array, dim, keepdim)

    def all(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where no element is zero."""
        return _truth("all", self.array, dim, keepdim)


def _deviation(
    op: Op, x: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: int
) -> Tensor:
    if isinstance(dim, bool):  # PyTorch's older call, var(unbiased)
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = int(unbiased)
    return apply(op, x, axis=_axis(dim), correction=correction, keepdims=keepdim)


def _truth(name: str, array: Any, dim: Any, keepdim: bool) -> Tensor:
    """any or all; of uint8, which held booleans before there was a type for them, it is uint8."""
    with beside(array):
        found = getattr(array_module(array), name)(array, axis=_axis(dim), keepdims=keepdim)
        return new_tensor(found.astype(array.dtype) if array.dtype == np.uint8 else found)


def _arg(name: str, array: Any, dim: int | None, keepdim: bool) -> Tensor:
    if array.dtype.kind == "b":
        raise TypeError(f"{name}: expects numbers (got booleans); use .long()")
    if dim is not None:
        MAX.check(array, axis=dim)  # type: ignore[misc]
    elif array.size == 0:
        raise IndexError(f"{name}: there is no extremum of nothing (got shape {array.shape})")
    with beside(array):
        return new_tensor(getattr(array_module(array), name)(array, axis=dim, keepdims=keepdim))
