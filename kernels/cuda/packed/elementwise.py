"""ReLU and sums of packed images: elementwise.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .array import Packed, combined, packed


class _Relu:
    """relu, whose y is kept."""

    def supports(self, x: Any) -> bool:
        return isinstance(x, Packed)

    def forward(self, x: Packed) -> tuple[Packed, tuple[Any, ...]]:
        y = combined("packed_relu_forward", x)
        return y, (None, y, {})

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if not isinstance(saved.y, Packed):
            return NotImplemented
        return (_slope(gy, saved.y) if needs[0] else None,)


class _Add:
    """add, and add_relu by another kernel: of two packed images of one shape."""

    def __init__(self, kernel: str, is_linear: bool) -> None:
        self.kernel, self.is_linear = kernel, is_linear

    def supports(self, a: Any, b: Any) -> bool:
        return isinstance(a, Packed) and isinstance(b, Packed) and a.shape == b.shape

    def forward(self, a: Packed, b: Packed) -> tuple[Packed, tuple[Any, ...]]:
        y = combined(self.kernel, a, b)
        return y, (None, None, None if self.is_linear else y, a.shape, b.shape)

    def backward(self, gy: Any, saved: Any, needs: Sequence[bool]) -> Any:
        if saved.shape_a != saved.shape_b or not (self.is_linear or isinstance(saved.y, Packed)):
            return NotImplemented
        g = packed(gy) if self.is_linear else _slope(gy, saved.y)  # one and the same for both
        return g if needs[0] else None, g if needs[1] else None


def _slope(gy: Any, y: Packed) -> Packed:
    """gy where y is larger than 0, else 0."""
    return combined("packed_relu_backward", packed(gy), y)


RELU = _Relu()
ADD, ADD_RELU = _Add("packed_add", True), _Add("packed_add_relu", False)
