"""Padding layers: borders of a constant, of mirrored, repeated or wrapped-around elements."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


def _ends(padding: Any, n: int) -> tuple[Any, ...]:
    """(before, after) of n axes, the last axis first; one number stands for all ends."""
    return tuple(padding) if isinstance(padding, (tuple, list, str)) else (padding,) * (2 * n)


class _Pad(Module):
    """What all padding layers share: `padding` numbers and the way the border is filled.

    padding: one int for all ends, or (left, right), (left, right, top, bottom) or (left, right,
    top, bottom, front, back); negative numbers cut off.
    """

    mode = ""
    n = 0

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _ends(padding, self.n)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with its border."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one value; any number of leading axes.

        y[i] = x[i]  where 0 ≤ i < S,  else  value      −before ≤ i < S + after

    padding: one int for all ends, or (left, right), (left, right, top, bottom) or (left, right,
    top, bottom, front, back); negative numbers cut off. Integers and booleans are padded, too.
    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998,
    section II.B (a border so that features in the corners are seen).
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with its border."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of one value at the ends of the last axis.

    Shapes: (…, L) → (…, before + L + after).
    """

    n = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around images.

    Shapes: (…, H, W) → (…, top + H + bottom, left + W + right).
    """

    n = 2


class ConstantPad3d(_ConstantPad):
    """A border of one value around volumes.

    Shapes: (…, D, H, W) → (…, front + D + back, top + H + bottom, left + W + right).
    """

    n = 3


class ZeroPad1d(ConstantPad1d):
    """A border of zeros at the ends of the last axis.

    Shapes: (…, L) → (…, before + L + after).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """A border of zeros around images.

    Shapes: (…, H, W) → (…, top + H + bottom, left + W + right).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """A border of zeros around volumes.

    Shapes: (…, D, H, W) → (…, front + D + back, top + H + bottom, left + W + right).
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ReflectionPad(_Pad):
    """The elements next to the border, mirrored; the element on the border is not repeated.

        y[i] = x[|i|]  for i < S,  else  x[2 (S − 1) − i]      −before ≤ i < S + after

    padding: one int for all ends, or (left, right), (left, right, top, bottom) or (left, right,
    top, bottom, front, back), each less than the size it is added to; negative numbers cut off.
    Source: J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual losses for real-time style transfer and
    super-resolution", 2016, supplement.
    """

    mode = "reflect"


class ReflectionPad1d(_ReflectionPad):
    """Signals continued by their mirror image.

    Shapes: (N, C, L) or (C, L) → (N, C, before + L + after).
    """

    n = 1


class ReflectionPad2d(_ReflectionPad):
    """Images continued by their mirror image.

    Shapes: (N, C, H, W) or (C, H, W) → (N, C, top + H + bottom, left + W + right).
    """

    n = 2


class ReflectionPad3d(_ReflectionPad):
    """Volumes continued by their mirror image.

    Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, front + D + back, top + H + bottom, left + W +
    right).
    """

    n = 3


class _ReplicationPad(_Pad):
    """The element on the border, repeated.

        y[i] = x[min(max(i, 0), S − 1)]      −before ≤ i < S + after

    padding: one int for all ends, or (left, right), (left, right, top, bottom) or (left, right,
    top, bottom, front, back); negative numbers cut off.
    Source: R. C. Gonzalez, R. E. Woods, "Digital image processing", 4th ed., 2018, section 3.5.
    """

    mode = "replicate"


class ReplicationPad1d(_ReplicationPad):
    """Signals continued by their first and last element.

    Shapes: (N, C, L) or (C, L) → (N, C, before + L + after).
    """

    n = 1


class ReplicationPad2d(_ReplicationPad):
    """Images continued by the pixels on their border.

    Shapes: (N, C, H, W) or (C, H, W) → (N, C, top + H + bottom, left + W + right).
    """

    n = 2


class ReplicationPad3d(_ReplicationPad):
    """Volumes continued by the elements on their border.

    Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, front + D + back, top + H + bottom, left + W +
    right).
    """

    n = 3


class _CircularPad(_Pad):
    """What lies at the other end, as if the input went on in a circle.

        y[i] = x[i mod S]      −before ≤ i < S + after

    padding: one int for all ends, or (left, right), (left, right, top, bottom) or (left, right,
    top, bottom, front, back), at most the size it is added to; negative numbers cut off first.
    Source: S. Schubert et al., "Circular convolutional neural networks for panoramic images and
    laser data", 2019, section III.
    """

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input with its border."""
        if isinstance(input, Tensor) and input.ndim - self.n not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: input has {self.n + 1} or {self.n + 2} axes "
                f"(got shape {input.shape})"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Signals continued by their other end.

    Shapes: (N, C, L) or (C, L) → (N, C, before + L + after).
    """

    n = 1


class CircularPad2d(_CircularPad):
    """Images continued by their other side.

    Shapes: (N, C, H, W) or (C, H, W) → (N, C, top + H + bottom, left + W + right).
    """

    n = 2


class CircularPad3d(_CircularPad):
    """Volumes continued by their other side.

    Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, front + D + back, top + H + bottom, left + W +
    right).
    """

    n = 3
