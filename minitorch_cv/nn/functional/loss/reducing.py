"""What all losses share: the reduction, which older arguments name, too, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

from ....autograd.functions import where
from ....autograd.modes import state
from ....autograd.tensor import Tensor
from ....backend.dtypes import promote_dtypes
from ....ops.elementwise.broadcast import broadcast_shapes
from ....ops.loss.targets import check_reduction
from ..judging import judge


def resolve_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's two older arguments ask for, where one of them is given."""
    if size_average is None and reduce is None:
        if reduction == "elementwise_mean":
            warnings.warn(
                "loss: reduction='elementwise_mean' is an old name; use 'mean'",
                DeprecationWarning,
                stacklevel=3,
            )
            return "mean"
        return reduction
    warnings.warn(
        "loss: size_average and reduce are old arguments; use reduction=", DeprecationWarning,
        stacklevel=3,
    )  # fmt: skip
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


def reduced(op: str, losses: Tensor, reduction: str) -> Tensor:
    """The losses themselves, their sum or their mean. Raises ValueError for another reduction."""
    check_reduction(op, reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def without_gradient(op: str, **values: Tensor | None) -> None:
    """Raises RuntimeError for the first tensor that wants a gradient although it has none."""
    for name, value in values.items():
        if value is not None and value.requires_grad and state.recording:
            raise RuntimeError(f"{op}: has no gradient for {name}; pass {name}.detach()")


def numbers(op: str, **values: Tensor) -> None:
    """Raises TypeError for tensors of booleans, which have no differences."""
    for name, value in values.items():
        if value.dtype.kind == "b":
            raise TypeError(f"{op}: {name} holds numbers (got bool); use {name}.float()")


def floats(op: str, **values: Tensor) -> None:
    """Raises TypeError for tensors of integers or booleans."""
    for name, value in values.items():
        if value.dtype.kind != "f":
            raise TypeError(f"{op}: {name} is a float tensor (got {value.dtype}); use .float()")


def number(op: str, **values: Any) -> None:
    """Raises TypeError for an option that is no number."""
    for name, value in values.items():
        if not isinstance(value, (int, float)):
            raise TypeError(f"{op}: {name} is a number (got {value!r}); use e.g. {name}=1.0")


def in_one_dtype(x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the wider of their dtypes."""
    if x.dtype == target.dtype:
        return x, target
    dtype = promote_dtypes(x.dtype, target.dtype, x.ndim == 0, target.ndim == 0)
    return x.to(dtype=dtype), target.to(dtype=dtype)


def same_shape(op: str, x: Tensor, target: Tensor) -> None:
    """Raises ValueError where x and target differ in shape."""
    if x.shape != target.shape:
        raise ValueError(
            f"{op}: target has the shape of the input (got {target.shape} for {x.shape}); use "
            "target.reshape or .expand_as(input)"
        )


def warn_of_broadcasting(op: str, x: Tensor, target: Tensor) -> None:
    """Warns where x and target differ in shape, which is seldom meant."""
    if not (isinstance(x, Tensor) and isinstance(target, Tensor)):
        judge(op, input=x, target=target)
    if x.shape != target.shape:
        broadcast_shapes(op, x.shape, target.shape)
        warnings.warn(
            f"{op}: target size {target.shape} differs from the input size {x.shape}; this will "
            "likely lead to incorrect results due to broadcasting; give both the same shape",
            UserWarning,
            stacklevel=3,
        )


def at_least(x: Tensor, least: float) -> Tensor:
    """x limited from below in its value alone: the gradient is that of x itself."""
    y = x.detach()
    return x + where(y < least, least - y, 0)
