"""Functions that multiply by weights: linear and conv2d; and the windows that conv2d looks at."""

from __future__ import annotations

from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.conv.conv2d import OP as CONV2D
from ...ops.conv.im2col import COL2IM
from ...ops.conv.im2col import OP as IM2COL
from ...ops.geometry import output_size as count_windows
from ...ops.geometry import pair
from ...ops.linalg.linear import OP as LINEAR
from ...ops.shape.pad import OP as PAD
from .judging import judge


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002
    """y = x Wᵀ + b. Shapes: (…, in), (out, in), (out,) → (…, out)."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        judge("linear", input=input, weight=weight)
    if bias is not None and not isinstance(bias, Tensor):
        judge("linear", bias=bias)
    return apply(LINEAR, input, weight, bias)


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
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        judge("conv2d", input=input, weight=weight)
    if bias is not None and not isinstance(bias, Tensor):
        judge("conv2d", bias=bias)
    if input.array.ndim == 3:
        batch = input.unsqueeze(0)
        return conv2d(batch, weight, bias, stride, padding, dilation, groups).squeeze(0)
    return apply(
        CONV2D, input, weight, bias,
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )  # fmt: skip


def pad(
    input: Tensor,  # noqa: A002
    pad: Any,
    mode: str = "constant",
    value: float | None = None,
) -> Tensor:
    """Adds a border. pad: (left, right, top, bottom, …), the last axis first; negative crops.

    mode: "constant" (filled with `value`, 0 by default), "reflect", "replicate", "circular".
    """
    if not isinstance(input, Tensor):
        judge("pad", input=input)
    fill = 0.0 if value is None else value
    return apply(PAD, input, pad=tuple(pad), mode=mode, value=fill)


def unfold(
    input: Tensor,  # noqa: A002
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """The windows of images as columns: (N, C, H, W) → (N, C·KH·KW, OH·OW)."""
    if not isinstance(input, Tensor):
        judge("unfold", input=input)
    if input.array.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    return apply(IM2COL, input, **_windows("unfold", kernel_size, dilation, padding, stride))


def fold(
    input: Tensor,  # noqa: A002
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Adds columns up where their windows lie: (N, C·KH·KW, OH·OW) → (N, C, H, W)."""
    if not isinstance(input, Tensor):
        judge("fold", input=input)
    windows = _windows("fold", kernel_size, dilation, padding, stride)
    size = pair(output_size, "fold", "output_size")
    if input.array.ndim == 2:
        again = fold(input.unsqueeze(0), size, kernel_size, dilation, padding, stride)
        return again.squeeze(0)
    KH, KW = windows["kernel_size"]
    OH, OW = (
        count_windows(size[k], windows["kernel_size"][k], windows["stride"][k],
                      2 * windows["padding"][k], windows["dilation"][k], False)
        for k in range(2)
    )  # fmt: skip
    shape = input.shape
    if len(shape) != 3 or shape[1] % (KH * KW) or shape[2] != OH * OW:
        raise ValueError(
            f"fold: input is (N, C*{KH * KW}, {OH * OW}) for output_size={size}, "
            f"kernel_size={(KH, KW)} (got shape {shape})"
        )
    return apply(COL2IM, input, output_size=size, **windows)


def _windows(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Any]:
    given = {
        "kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation,
    }  # fmt: skip
    return {name: pair(value, op, name) for name, value in given.items()}
