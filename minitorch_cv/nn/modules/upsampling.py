"""Layers that bring images, signals and volumes to another size."""

from __future__ import annotations

from typing import Any

from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from ..core.module import Module


class Upsample(Module):
    """Images, signals or volumes in another size, by interpolation; at a tie nearest looks down.

        y[o] = Σ_i weight(i − u) x[i]  along each axis,   u = (o + ½) S/O − ½
        nearest:  y[o] = x[⌊o S/O⌋]    linear:  weight(d) = max(1 − |d|, 0)

    With align_corners u = o (S − 1)/(O − 1); with scale_factor (and without recompute_scale_factor)
    S/O is 1/scale_factor.

    Shapes: (N, C, S₁, …, Sₙ) → (N, C, O₁, …, Oₙ), n = 1, 2, 3; O = size or ⌊S · scale_factor⌋.
    mode: "nearest", "nearest-exact" (u rounded), "linear" (n = 1), "bilinear" and "bicubic"
    (n = 2), "trilinear" (n = 3) or "area" (means of the elements that an output covers).
    Source: R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        elif scale_factor:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """The input in its new size."""
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        name = "size" if self.scale_factor is None else "scale_factor"
        return f"{name}={getattr(self, name)!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images in another size: each pixel takes the value of the one at ⌊o S/O⌋.

        y[p, q] = x[⌊p H/OH⌋, ⌊q W/OW⌋]

    Shapes: (N, C, H, W) → (N, C, OH, OW); (OH, OW) = size or ⌊(H, W) · scale_factor⌋.
    Source: R. C. Gonzalez, R. E. Woods, "Digital image processing", 4th ed., 2018, section 2.4.
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images in another size, linear between pixels; the corners keep their values.

        y[p, q] = Σ_i Σ_j max(1 − |i − u|, 0) max(1 − |j − v|, 0) x[i, j]
        u = p (H − 1)/(OH − 1),  v = q (W − 1)/(OW − 1)

    Shapes: (N, C, H, W) → (N, C, OH, OW); (OH, OW) = size or ⌊(H, W) · scale_factor⌋.
    Source: R. C. Gonzalez, R. E. Woods, "Digital image processing", 4th ed., 2018, section 2.4.
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
