"""Dropout: elements, or whole channels, left out at random while training."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ...autograd.modes import state
from ...autograd.tape import apply, new_tensor
from ...autograd.tensor import Tensor
from ...backend.random import Generator, default_generator
from ...ops.random.dropout import OP as DROPOUT
from ...ops.random.dropout import check_p
from .judging import judge, judge_flag, judge_float

# −λα of SELU, the value that it approaches at −∞ (Klambauer et al. 2017, section 2)
SATURATION = -1.0507009873554805 * 1.6732632423543772

Shape = tuple[int, ...]


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
    judge("dropout", input=input)
    return _drop("dropout", input, input.shape, p, training, inplace, generator, _zeros)


def dropout1d(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Like `dropout`, but for whole channels of (N, C, L) or (C, L)."""
    judge("dropout1d", input=input)
    check_p("dropout1d", p)
    if input.ndim not in (2, 3):
        raise ValueError(f"dropout1d: input is (N, C, L) or (C, L) (got shape {input.shape})")
    if input.ndim == 2:
        _judge_inplace("dropout1d", input, inplace)
    channels = _channels("dropout1d", input, input.ndim - 1, p, training)
    return _drop("dropout1d", input, channels, p, training, inplace, generator, _zeros)


def dropout2d(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Like `dropout`, but for whole channels of (N, C, H, W).

    With a warning it takes any other (N, C, …), too: three axes are (N, C, L), as in PyTorch.
    """
    judge("dropout2d", input=input)
    check_p("dropout2d", p)
    if input.ndim != 4:
        _warn("dropout2d", "(N, C, H, W)", input, "(N, C, …)")
    channels = _channels("dropout2d", input, 2, p, training)
    return _drop("dropout2d", input, channels, p, training, inplace, generator, _zeros)


def dropout3d(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Like `dropout`, but for whole channels of (N, C, D, H, W) or (C, D, H, W).

    With a warning it takes any other number of axes as (C, …), as PyTorch does.
    """
    judge("dropout3d", input=input)
    check_p("dropout3d", p)
    if input.ndim not in (4, 5):
        _warn("dropout3d", "(N, C, D, H, W) or (C, D, H, W)", input, "(C, …)")
    if input.ndim != 5:
        _judge_inplace("dropout3d", input, inplace)
    channels = _channels("dropout3d", input, 2 if input.ndim == 5 else 1, p, training)
    return _drop("dropout3d", input, channels, p, training, inplace, generator, _zeros)


def alpha_dropout(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Sets each element to SELU's value at −∞ with probability p, then keeps mean 0, variance 1.

    y = a (x · mask + α′ (1 − mask)) + b with α′ = −1.758…, q = 1 − p,
    a = 1 / √(q + α′² q (1 − q)) and b = −a (1 − q) α′.
    Without `training` the input itself is returned. generator: where the mask is drawn from.
    """
    judge("alpha_dropout", input=input)
    return _drop("alpha_dropout", input, input.shape, p, training, inplace, generator, _saturated)


def feature_alpha_dropout(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Like `alpha_dropout`, but for whole channels of (N, C, …)."""
    op = "feature_alpha_dropout"
    judge(op, input=input)
    check_p(op, p)
    channels = _channels(op, input, 2, p, training)
    return _drop(op, input, channels, p, training, inplace, generator, _saturated)


def _warn(op: str, wanted: str, x: Tensor, taken: str) -> None:
    warnings.warn(
        f"{op}: input is {wanted} (got shape {x.shape}, which is taken for {taken}); "
        "use dropout for single elements, or the layer for that number of axes",
        stacklevel=3,
    )


def _judge_inplace(op: str, x: Tensor, inplace: bool) -> None:
    """PyTorch adds the missing batch axis in place, and so refuses a leaf even in evaluation."""
    if inplace and state.recording and x.requires_grad and x.is_leaf:
        raise RuntimeError(
            f"{op}: a leaf that requires grad cannot be changed in place while recording; "
            "use inplace=False"
        )


def _channels(op: str, x: Tensor, axes: int, p: float, training: bool) -> Shape:
    """The shape of a mask that holds one value for each channel: the first `axes` axes of x."""
    if x.ndim < axes and training and 0 < p < 1:
        raise ValueError(
            f"{op}: input has at least {axes} axes (got shape {x.shape}); use dropout for elements"
        )
    return x.shape[:axes] + (1,) * (x.ndim - axes)


def _drop(
    op: str, x: Tensor, shape: Shape, p: float, training: bool, inplace: bool, source: Any,
    masked: Callable[[Tensor, Tensor, float], Tensor],
) -> Tensor:  # fmt: skip
    """shape: of the mask; masked(x, mask, p) leaves out what the mask does not hold."""
    check_p(op, p)
    judge_flag(op, training=training)
    if not training or p == 0 or not x.array.size:
        return x
    if p == 1:
        return _all_dropped(x, inplace)
    judge_float(op, x)
    y = masked(x, _mask(shape, p, x, source), p)
    return x.copy_(y) if inplace else y


def _zeros(x: Tensor, mask: Tensor, p: float) -> Tensor:
    """x · mask / (1 − p)."""
    return apply(DROPOUT, x, mask, p=p)


def _saturated(x: Tensor, mask: Tensor, p: float) -> Tensor:
    """a (x · mask + α′ (1 − mask)) + b."""
    a = (1 - p + SATURATION**2 * (1 - p) * p) ** -0.5
    kept = mask.to(dtype=x.dtype)
    noise = (1 - kept) * (a * SATURATION) - a * p * SATURATION  # a α′ (1 − mask) + b
    return x * (kept * a) + noise


def _all_dropped(x: Tensor, inplace: bool) -> Tensor:
    """x · 0, of any dtype: NaN and ±∞ become NaN, as in PyTorch."""
    y = (x * 0).to(dtype=x.dtype)
    return x.copy_(y) if inplace else y


def _mask(shape: Shape, p: float, x: Tensor, source: Any) -> Tensor:
    """True with probability 1 − p, on the device of x."""
    return new_tensor((source or default_generator).mask(shape, p, x.array))
