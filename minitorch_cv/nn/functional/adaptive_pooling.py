"""Pooling functions that choose their windows for a wanted size of the output."""

from __future__ import annotations

from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.pool.adaptive_avg_pool import OP as ADAPTIVE_AVG_POOL
from ...ops.pool.adaptive_max_pool import OP as ADAPTIVE_MAX_POOL
from .judging import judge
from .pooling import batched, judge_channels, with_indices


def _judge_size(op: str, n: int, size: Any) -> None:
    """Raises TypeError for a None that stands for no single axis."""
    if size is None or (n == 1 and isinstance(size, (tuple, list)) and None in size):
        raise TypeError(
            f"{op}: output_size is an int or {n} of them (got {size!r}); to keep a size, give "
            f"{'the input’s own' if n == 1 else (None,) * n}"
        )


def _avg(n: int, input: Any, output_size: Any) -> Tensor:  # noqa: A002
    op = f"adaptive_avg_pool{n}d"
    judge(op, input=input)
    _judge_size(op, n, output_size)
    whole = output_size in (1, (1,) * n, [1] * n) and output_size is not True
    if whole and n > 1 and input.ndim not in (n + 1, n + 2):  # PyTorch's mean takes any rank here
        return input.mean(tuple(range(-n, 0)), keepdim=True)
    batch, single = batched(op, n, input)
    if n == 3 and not whole:
        judge_channels(op, batch, single)
    y = apply(ADAPTIVE_AVG_POOL, batch, output_size=output_size)
    return y.squeeze(0) if single else y


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:  # noqa: A002
    """Means over output_size windows that cover the line."""
    return _avg(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:  # noqa: A002
    """Means over a grid of output_size windows that cover the image; (None, 3) keeps the height."""
    return _avg(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:  # noqa: A002
    """Means over a grid of output_size windows that cover the volume; None keeps a size."""
    return _avg(3, input, output_size)


def _max(n: int, input: Any, output_size: Any, return_indices: bool) -> Any:  # noqa: A002
    op = f"adaptive_max_pool{n}d"
    batch, single = batched(op, n, input)
    _judge_size(op, n, output_size)
    judge_channels(op, batch, single)
    answer = apply(ADAPTIVE_MAX_POOL, batch, output_size=output_size)
    return with_indices(answer, single, return_indices)


def adaptive_max_pool1d(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    """Maxima over output_size windows that cover the line."""
    return _max(1, input, output_size, return_indices)


def adaptive_max_pool2d(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    """Maxima over a grid of output_size windows that cover the image; None keeps a size.

    return_indices: also where each maximum was found, as h · W + w of the input.
    """
    return _max(2, input, output_size, return_indices)


def adaptive_max_pool3d(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    """Maxima over a grid of output_size windows that cover the volume; None keeps a size."""
    return _max(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`adaptive_max_pool1d` and where each maximum was found, whatever return_indices says."""
    return _max(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`adaptive_max_pool2d` and where each maximum was found, whatever return_indices says."""
    return _max(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False  # noqa: A002
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`adaptive_max_pool3d` and where each maximum was found, whatever return_indices says."""
    return _max(3, input, output_size, True)
