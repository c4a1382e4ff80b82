"""Pooling functions over windows of a given size. 2-D images are (N, C, H, W) or (C, H, W).

With one axis they are (N, C, W), with three (N, C, D, H, W), and the same without a batch.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.geometry import numbers_from
from ...ops.pool.avg_pool import OP as AVG_POOL
from ...ops.pool.max_pool import OP as MAX_POOL
from ...ops.pool.max_unpool import OP as MAX_UNPOOL
from .judging import judge

_LETTERS = ("N", "C", "D", "H", "W")


def batched(op: str, n: int, input: Any) -> tuple[Tensor, bool]:  # noqa: A002
    """(input with a batch axis, had it none?). Raises for what is no batch and no image."""
    if not isinstance(input, Tensor):
        judge(op, input=input)
    ndim = input.ndim
    if ndim not in (n + 1, n + 2):
        axes = ", ".join(_LETTERS[:2] + _LETTERS[5 - n :])
        raise ValueError(
            f"{op}: images are ({axes}) or ({axes[3:]}) (got input {tuple(input.shape)}); reshape "
            f"input to {n + 2} axes"
        )
    return (input.unsqueeze(0), True) if ndim == n + 1 else (input, False)


def judge_channels(op: str, input: Tensor, single: bool) -> None:  # noqa: A002
    """Raises ValueError for a batch of images without channels (one image may have none)."""
    if input.shape[1] == 0 and not single:
        raise ValueError(
            f"{op}: the images have no channels (got input {tuple(input.shape)}); only the batch "
            "may be empty"
        )


def with_indices(answer: Any, single: bool, return_indices: bool) -> Any:
    """The maxima, and where they were found if that is wanted, without the batch axis made here."""
    y, indices = answer
    if single:
        y = y.squeeze(0)
    if not return_indices:
        return y
    return y, indices.squeeze(0) if single else indices


def _max_pool(
    n: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,  # noqa: A002
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    batch, single = batched(f"max_pool{n}d", n, input)
    if n == 1 and not return_indices and batch.dtype.kind != "f":
        raise TypeError(
            f"max_pool1d: input is of a float dtype (got {input.dtype}); use input.float(), or "
            "return_indices=True"
        )
    answer = apply(
        MAX_POOL, batch, kernel_size=kernel_size, stride=stride, padding=padding,
        dilation=dilation, ceil_mode=ceil_mode,
    )  # fmt: skip
    return with_indices(answer, single, return_indices)


def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest value of each window of a line; see `max_pool2d`. Integers need the indices."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest value of each window; ties go to the first one in row-major order.

    stride: kernel_size where it is None. return_indices: also where each maximum was found, as
    h · W + w of the input.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest value of each window of a volume; see `max_pool2d`."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`max_pool1d` and where each maximum was found, whatever return_indices says."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`max_pool2d` and where each maximum was found, whatever return_indices says."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`max_pool3d` and where each maximum was found, whatever return_indices says."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def _avg_pool(
    n: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,  # noqa: A002
    count_include_pad: bool, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    batch, single = batched(f"avg_pool{n}d", n, input)
    y = apply(
        AVG_POOL, batch, kernel_size=kernel_size, stride=stride, padding=padding,
        ceil_mode=ceil_mode, count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )  # fmt: skip
    return y.squeeze(0) if single else y


def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of each window of a line; see `avg_pool2d`."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window.

    count_include_pad: padding counts as zeros. divisor_override: divide by this number instead.
    """
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,  # noqa: A002
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of a volume; see `avg_pool2d`."""
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _lp_pool(
    n: int, input: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool  # noqa: A002
) -> Tensor:  # fmt: skip
    op = f"lp_pool{n}d"
    judge(op, input=input)
    if not isinstance(norm_type, (Real, Tensor)):
        raise TypeError(f"{op}: norm_type is a number (got {norm_type!r}); use e.g. norm_type=2")
    kernel = numbers_from(kernel_size, n, op, "kernel_size", 1)
    if isinstance(kernel_size, (tuple, list)) and len(kernel_size) < n:
        raise ValueError(f"{op}: kernel_size is an int or {n} ints (got {kernel_size!r})")
    if norm_type in (math.inf, -math.inf):
        sign = 1 if norm_type == math.inf else -1
        most = _max_pool(n, sign * input.abs(), kernel_size, stride, 0, 1, ceil_mode, False)
        return sign * most
    if n == 1 and isinstance(kernel_size, (tuple, list)):
        raise TypeError(f"{op}: kernel_size is an int (got {kernel_size!r}); use {kernel[0]}")
    if norm_type == 0:
        raise ValueError(f"{op}: norm_type cannot be 0 (got {norm_type!r}); use 1 or more")
    mean = _avg_pool(n, input.pow(norm_type), kernel_size, stride, 0, ceil_mode, True)
    # sign · |mean| is the mean, but with gradient 0 at 0, where that of the root is infinite.
    total = mean.sign() * mean.abs() * math.prod(kernel)
    return total.pow(1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: int, stride: Any = None,  # noqa: A002
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """(Σ x^p)^(1/p) over each window of a line, p = norm_type; see `lp_pool2d`."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,  # noqa: A002
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """(Σ x^p)^(1/p) over each window, p = norm_type; the maximum of |x| where p = ∞.

    The numbers are not made positive: an odd p may give a negative sum, and its root NaN. A window
    that hangs over the edge (ceil_mode) is scaled up to the full number of elements.
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,  # noqa: A002
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """(Σ x^p)^(1/p) over each window of a volume, p = norm_type; see `lp_pool2d`."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _max_unpool(
    n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,  # noqa: A002
    output_size: Any,
) -> Tensor:  # fmt: skip
    op = f"max_unpool{n}d"
    judge(op, indices=indices)
    batch, single = batched(op, n, input)
    judge_channels(op, batch, single)
    kernel = _all(op, "kernel_size", kernel_size, n)
    steps = kernel if stride is None else _all(op, "stride", stride, n)
    if n == 3 and min(steps) < 1:
        raise ValueError(f"{op}: stride is at least 1 (got {stride!r}); use stride=1")
    pads = _all(op, "padding", padding, n)
    size = _unpooled(op, batch.shape[2:], kernel, steps, pads, output_size)
    if single:
        indices = indices.unsqueeze(0)
    y = apply(MAX_UNPOOL, batch, indices, size=size)
    return y.squeeze(0) if single else y


def _all(op: str, name: str, value: Any, n: int) -> tuple[int, ...]:
    """n integers of any sign; a shorter tuple is a mistake."""
    numbers = numbers_from(value, n, op, name, -(2**62))
    if isinstance(value, (tuple, list)) and len(value) < n:
        raise ValueError(f"{op}: {name} is an int or {n} ints (got {value!r}); use {numbers}")
    return numbers


def _unpooled(
    op: str, size: Any, kernel: Any, steps: Any, pads: Any, output_size: Any
) -> tuple[int, ...]:
    """The size of the image that was pooled; several have the same pooled size."""
    own = tuple(
        (m - 1) * s + k - 2 * p for m, k, s, p in zip(size, kernel, steps, pads, strict=True)
    )
    if output_size is None:
        wanted = own
    else:
        n = len(own)
        if not isinstance(output_size, (tuple, list)) or len(output_size) not in (n, n + 2):
            raise ValueError(
                f"{op}: output_size has {n} numbers, or {n + 2} with batch and channels (got "
                f"{output_size!r}); use e.g. output_size={own}"
            )
        wanted = numbers_from(tuple(output_size[-n:]), n, op, "output_size", 0)
        for given, usual, s in zip(wanted, own, steps, strict=True):
            if not usual - s < given < usual + s:
                raise ValueError(
                    f"{op}: output_size is between {usual - s} and {usual + s} (got {given} in "
                    f"{output_size!r}); use e.g. output_size={own}"
                )
    if min(wanted) < 0:
        raise ValueError(f"{op}: the image would have a negative size (got {wanted}); pad less")
    return wanted


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,  # noqa: A002
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Maxima back at the places where `max_pool1d` found them; see `max_unpool2d`."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,  # noqa: A002
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Maxima back at the places where `max_pool2d` found them, zeros elsewhere.

    kernel_size, stride, padding: of the pooling. output_size: of the image that was pooled, where
    the pooled size leaves it open.
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,  # noqa: A002
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Maxima back at the places where `max_pool3d` found them; see `max_unpool2d`."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
