"""Borders around tensors."""

from __future__ import annotations

from typing import Any

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...ops.shape.pad import OP as PAD
from .judging import judge


def pad(
    input: Tensor,  # noqa: A002
    pad: Any,
    mode: str = "constant",
    value: float | None = None,
) -> Tensor:
    """Adds a border. pad: (left, right, top, bottom, …), the last axis first; negative crops.

    mode: "constant" (filled with `value`, 0 by default), "reflect", "replicate", "circular"; these
    three pad the last 1, 2 or 3 axes, behind a channel axis and perhaps a batch axis.
    """
    if not isinstance(input, Tensor):
        judge("pad", input=input)
    pads = tuple(pad) if isinstance(pad, (tuple, list)) else pad
    return apply(PAD, input, pad=pads, mode=mode, value=0.0 if value is None else value)
