"""Convolutions as functions, and the windows that they look at: unfold and fold."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.conv.arguments import check_weight_axes
from ...ops.conv.conv import OP as CONV
from ...ops.conv.conv_transpose import OP as CONV_TRANSPOSE
from ...ops.conv.im2col import COL2IM, Window
from ...ops.conv.im2col import OP as IM2COL
from ...ops.geometry import check_fits, check_images, numbers_from
from ...ops.op import Op
from .judging import judge


def conv1d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Slides OC filters over sequences (a cross-correlation).

    Shapes: (N, C, L) or (C, L), (OC, C/groups, K), (OC,) → (N, OC, OL) or (OC, OL).
    padding: an int, a tuple, "same" (stride 1 alone) or "valid".
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Slides OC filters over images (a cross-correlation).

    Shapes: (N, C, H, W) or (C, H, W), (OC, C/groups, KH, KW), (OC,) → (N, OC, OH, OW) or
    (OC, OH, OW). padding: an int, a pair, "same" (stride 1 alone) or "valid".
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Slides OC filters over volumes (a cross-correlation).

    Shapes: (N, C, D, H, W) or (C, D, H, W), (OC, C/groups, KD, KH, KW), (OC,) →
    (N, OC, OD, OH, OW) or (OC, OD, OH, OW). padding: an int, a triple, "same" (stride 1 alone) or
    "valid".
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    n: int, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: Any,
) -> Tensor:  # fmt: skip
    name = f"conv{n}d"
    _judge_tensors(name, x, weight, bias)
    check_weight_axes(name, weight.array, n, "OC, C/groups")
    params = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _on_batch(CONV, n, x, weight, bias, params)


def conv_transpose1d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv1d, which makes sequences longer by its stride.

    Shapes: (N, C, L) or (C, L), (C, OC/groups, K), (OC,) → (N, OC, OL) or (OC, OL),
    OL = (L − 1) stride − 2 padding + dilation (K − 1) + output_padding + 1.
    """
    params = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(1, input, weight, bias, *params)


def conv_transpose2d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv2d, which makes images larger by its stride.

    Shapes: (N, C, H, W) or (C, H, W), (C, OC/groups, KH, KW), (OC,) → (N, OC, OH, OW) or
    (OC, OH, OW), OH = (H − 1) stride − 2 padding + dilation (KH − 1) + output_padding + 1.
    """
    params = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(2, input, weight, bias, *params)


def conv_transpose3d(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv3d, which makes volumes larger by its stride.

    Shapes: (N, C, D, H, W) or (C, D, H, W), (C, OC/groups, KD, KH, KW), (OC,) →
    (N, OC, OD, OH, OW) or (OC, OD, OH, OW), sizes as in conv_transpose2d.
    """
    params = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(3, input, weight, bias, *params)


def _conv_transpose(
    n: int, x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, output_padding: Any,
    groups: Any, dilation: Any,
) -> Tensor:  # fmt: skip
    name = f"conv_transpose{n}d"
    _judge_tensors(name, x, weight, bias)
    check_weight_axes(name, weight.array, n, "C, OC/groups")
    params = {
        "stride": stride, "padding": padding, "output_padding": output_padding, "groups": groups,
        "dilation": dilation,
    }  # fmt: skip
    return _on_batch(CONV_TRANSPOSE, n, x, weight, bias, params)


def _on_batch(op: Op, n: int, x: Tensor, weight: Tensor, bias: Any, params: Any) -> Tensor:
    """The op on a batch; x with n + 1 axes is one sample, and so is what comes back."""
    if x.ndim == n + 1:
        return apply(op, x.unsqueeze(0), weight, bias, **params).squeeze(0)
    return apply(op, x, weight, bias, **params)


def _judge_tensors(name: str, x: Any, weight: Any, bias: Any) -> None:
    if not (isinstance(x, Tensor) and isinstance(weight, Tensor)):
        judge(name, input=x, weight=weight)
    if bias is not None and not isinstance(bias, Tensor):
        judge(name, bias=bias)


def unfold(
    input: Tensor,  # noqa: A002
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """The windows of images as columns.

    Shapes: (N, C, H, W) → (N, C·KH·KW, OH·OW), or the same without N.
    """
    if not isinstance(input, Tensor):
        judge("unfold", input=input)
    view = _window("unfold", kernel_size, dilation, padding, stride)
    if input.array.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    check_images("unfold", input.array)
    _judge_sizes("unfold", input)
    pads = tuple(2 * p for p in view.padding)
    check_fits("unfold", input.array, view.kernel_size, pads, view.dilation)
    return apply(IM2COL, input, **view._asdict())


def fold(
    input: Tensor,  # noqa: A002
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Adds columns up where their windows lie on the image.

    Shapes: (N, C·KH·KW, OH·OW) → (N, C, H, W), or the same without N; output_size: (H, W).
    """
    if not isinstance(input, Tensor):
        judge("fold", input=input)
    view = _window("fold", kernel_size, dilation, padding, stride)
    sizes = _two("fold", "output_size", output_size, 1)
    if input.array.ndim == 2:
        batch = input.unsqueeze(0)
        return fold(batch, sizes, kernel_size, dilation, padding, stride).squeeze(0)
    counts, K = view.counts(sizes), math.prod(view.kernel_size)
    shape = input.shape
    fits = len(shape) == 3 and shape[1] % K == 0 and shape[2] == math.prod(counts)
    if not fits or min(counts) < 1:
        raise ValueError(
            f"fold: input is (N, C·{K}, {'·'.join(map(str, counts))}) for output_size={sizes}, "
            f"kernel_size={view.kernel_size} (got shape {shape}); use what unfold gives, and its "
            "arguments"
        )
    _judge_sizes("fold", input)
    return apply(COL2IM, input, output_size=sizes, **view._asdict())


def _window(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Window:
    return Window(
        _two(op, "kernel_size", kernel_size, 1),
        _two(op, "stride", stride, 1),
        _two(op, "padding", padding, 0),
        _two(op, "dilation", dilation, 1),
    )


def _two(op: str, name: str, value: Any, least: int) -> tuple[int, ...]:
    """One number or two; a tuple of one is refused here, as in PyTorch."""
    if isinstance(value, (tuple, list)) and len(value) != 2:
        raise ValueError(f"{op}: {name} is an int or 2 ints (got {value!r}); use e.g. {name}=2")
    return numbers_from(value, 2, op, name, least)


def _judge_sizes(op: str, x: Tensor) -> None:
    """Raises for sizes of 0 (the batch may be empty) and for integers."""
    if 0 in x.shape[1:]:
        raise ValueError(f"{op}: only the batch may be empty (got {x.shape}); use larger images")
    if x.array.dtype.kind in "iu":
        raise TypeError(f"{op}: input is of a float dtype (got {x.dtype}); use .float() first")
