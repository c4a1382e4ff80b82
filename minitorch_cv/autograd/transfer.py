"""Moving a tensor to another device while recording: the gradient travels back."""

from __future__ import annotations

from typing import Any

from ..backend.device import to_device
from .function import Function
from .tape import new_tensor


class Transfer(Function):
    """y = x on another device; gx = gy on the device of x."""

    @staticmethod
    def forward(ctx: Any, x: Any, where: Any) -> Any:
        ctx.source = x.device
        return new_tensor(to_device(x.array, where))

    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        return gy.to(ctx.source), None
