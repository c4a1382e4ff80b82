"""Pooling functions. Images are (N, C, H, W) or, without a batch, (C, H, W)."""

from __future__ import annotations

from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.pool.adaptive_avg_pool2d import OP as ADAPTIVE_AVG_POOL2D
from ...ops.pool.adaptive_max_pool2d import OP as ADAPTIVE_MAX_POOL2D
from ...ops.pool.avg_pool2d import OP as AVG_POOL2D
from ...ops.pool.max_pool2d import OP as MAX_POOL2D
from .judging import judge


def max_pool2d(
    input: Tensor,  # noqa: A002
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest value of each window; ties go to the first one in row-major order.

    stride: kernel_size where it is None. return_indices: also where each maximum was found, as
    h · W + w of the input.
    """
    if not isinstance(input, Tensor):
        judge("max_pool2d", input=input)
    single = input.array.ndim == 3
    y, indices = apply(
        MAX_POOL2D, input.unsqueeze(0) if single else input,
        kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        ceil_mode=ceil_mode,
    )  # fmt: skip
    return _answer(y, indices, single, return_indices)


def _answer(y: Tensor, indices: Tensor, single: bool, return_indices: bool) -> Any:
    if single:
        y = y.squeeze(0)
    if not return_indices:
        return y
    return y, indices.squeeze(0) if single else indices


def avg_pool2d(
    input: Tensor,  # noqa: A002
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    count_include_pad: padding counts as zeros. divisor_override: divide by this number instead.
    """
    if not isinstance(input, Tensor):
        judge("avg_pool2d", input=input)
    if input.array.ndim == 3:
        batch = input.unsqueeze(0)
        return avg_pool2d(
            batch, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        ).squeeze(0)
    return apply(
        AVG_POOL2D, input, kernel_size=kernel_size, stride=stride, padding=padding,
        ceil_mode=ceil_mode, count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )  # fmt: skip


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:  # noqa: A002
    """Means over a grid of output_size windows that cover the image; None keeps a size."""
    if not isinstance(input, Tensor):
        judge("adaptive_avg_pool2d", input=input)
    if input.array.ndim == 3:
        return adaptive_avg_pool2d(input.unsqueeze(0), output_size).squeeze(0)
    return apply(ADAPTIVE_AVG_POOL2D, input, output_size=_grid(input, output_size))


def adaptive_max_pool2d(
    input: Tensor,  # noqa: A002
    output_size: Any,
    return_indices: bool = False,
) -> Any:
    """Maxima over a grid of output_size windows that cover the image; None keeps a size."""
    if not isinstance(input, Tensor):
        judge("adaptive_max_pool2d", input=input)
    single = input.array.ndim == 3
    batch = input.unsqueeze(0) if single else input
    y, indices = apply(ADAPTIVE_MAX_POOL2D, batch, output_size=_grid(batch, output_size))
    return _answer(y, indices, single, return_indices)


def _grid(input: Tensor, size: Any) -> Any:  # noqa: A002
    """(OH, OW), with the image's own size where None is given."""
    if isinstance(size, (tuple, list)) and len(size) == 2:
        own = input.shape[-2:]
        return tuple(o if s is None else s for s, o in zip(size, own, strict=False))
    return input.shape[-2:] if size is None else size
