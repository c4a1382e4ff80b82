"""Activation functions, and dropout, which also works element by element."""

from __future__ import annotations

import warnings
from typing import Any

from ...autograd.methods.inplace import update
from ...autograd.tape import apply, new_tensor
from ...autograd.tensor import Tensor
from ...backend.device import to_device
from ...backend.random import Generator, default_generator
from ...ops.activation.log_softmax import OP as LOG_SOFTMAX
from ...ops.activation.prelu import OP as PRELU
from ...ops.activation.softmax import OP as SOFTMAX
from ...ops.elementwise.activations import BY_NAME
from ...ops.random.dropout import OP as DROPOUT
from ...ops.random.dropout import check_p
from .judging import judge, judge_float

RELU, LEAKY_RELU, ELU = BY_NAME["relu"], BY_NAME["leaky_relu"], BY_NAME["elu"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002
    """max(x, 0); the derivative at 0 is 0."""
    if not isinstance(input, Tensor):
        judge("relu", input=input)
    if input.array.dtype.kind == "b":
        raise TypeError("relu: input is of a number dtype (got bool); use .float() first")
    return update(input, RELU) if inplace else apply(RELU, input)


def leaky_relu(
    input: Tensor,  # noqa: A002
    negative_slope: float = 0.01,
    inplace: bool = False,
) -> Tensor:
    """x where x > 0, else negative_slope · x; the derivative at 0 is negative_slope."""
    if not isinstance(input, Tensor):
        judge("leaky_relu", input=input)
    judge_float("leaky_relu", input)
    if inplace:
        return update(input, LEAKY_RELU, negative_slope=negative_slope)
    return apply(LEAKY_RELU, input, negative_slope=negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:  # noqa: A002
    """x where x > 0, else w · x with one learned w, or one for each channel (axis 1)."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        judge("prelu", input=input, weight=weight)
    return apply(PRELU, input, weight)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:  # noqa: A002
    """x where x > 0, else alpha (eˣ − 1); the derivative at 0 is alpha."""
    if not isinstance(input, Tensor):
        judge("elu", input=input)
    judge_float("elu", input)
    return update(input, ELU, alpha=alpha) if inplace else apply(ELU, input, alpha=alpha)


def sigmoid(input: Tensor) -> Tensor:  # noqa: A002
    """1 / (1 + e⁻ˣ)."""
    if not isinstance(input, Tensor):
        judge("sigmoid", input=input)
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:  # noqa: A002
    """The hyperbolic tangent."""
    if not isinstance(input, Tensor):
        judge("tanh", input=input)
    return input.tanh()


def softmax(
    input: Tensor,  # noqa: A002
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: Any = None,
) -> Tensor:
    """eˣ / Σ eˣ along `dim`. dtype: the input is converted to it first."""
    x, axis = _scores("softmax", input, dim, _stacklevel, dtype)
    return apply(SOFTMAX, x, axis=axis)


def log_softmax(
    input: Tensor,  # noqa: A002
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: Any = None,
) -> Tensor:
    """x − log Σ eˣ along `dim`. dtype: the input is converted to it first."""
    x, axis = _scores("log_softmax", input, dim, _stacklevel, dtype)
    return apply(LOG_SOFTMAX, x, axis=axis)


def _scores(op: str, x: Tensor, dim: int | None, stacklevel: int, dtype: Any) -> tuple[Tensor, int]:
    if not isinstance(x, Tensor):
        judge(op, input=x)
    if dtype is not None:
        x = x.to(dtype=dtype)
    if dim is None:
        dim = 0 if x.ndim in (0, 1, 3) else 1
        warnings.warn(
            f"{op}: dim was not given, and {dim} is taken for {x.ndim} dimensions; pass dim=",
            stacklevel=stacklevel,
        )
    return x, dim


def dropout(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Sets each element to 0 with probability p and divides the others by 1 − p.

    Without `training` the input itself is returned. generator: where the mask is drawn from.
    Raises ValueError for a p outside [0, 1].
    """
    return _drop("dropout", input, p, training, inplace, generator, channels=False)


def dropout2d(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Like `dropout`, but for whole channels of (N, C, H, W)."""
    return _drop("dropout2d", input, p, training, inplace, generator, channels=True)


def _drop(
    op: str, x: Tensor, p: float, training: bool, inplace: bool, source: Any, channels: bool
) -> Tensor:
    """channels: the axes after the second are kept or dropped together."""
    if not isinstance(x, Tensor):
        judge(op, input=x)
    check_p(op, p)
    if channels and x.array.ndim not in (3, 4):
        raise ValueError(f"{op}: input is (N, C, H, W) or (N, C, L) (got shape {x.shape})")
    if not training or p == 0:
        return x
    shape = x.shape[:2] + (1,) * (x.array.ndim - 2) if channels else x.shape
    kept = (source or default_generator).rand(shape) >= p  # with probability 1 − p
    mask = new_tensor(to_device(kept, x.device))
    y = apply(DROPOUT, x, mask, p=p)
    return x.copy_(y) if inplace else y
