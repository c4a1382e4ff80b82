"""Regions of interest (RoIs): a grid of numbers for each box, cut out of its image's features."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.joining import cat
from ..autograd.tape import apply
from ..autograd.tensor import Tensor, from_numpy
from ..nn import Module
from ..nn.functional.judging import judge
from ..ops.roi.roi_align import OP as ROI_ALIGN
from ..ops.roi.roi_pool import OP as ROI_POOL

Boxes = Any  # Tensor (R, 5), each box's image and corners; or for each image a Tensor (L, 4)


def _split(op: str, input: Tensor, boxes: Boxes) -> tuple[Tensor, Tensor]:  # noqa: A002
    """(corners (R, 4), the number of each one's image (R,)). Raises ValueError for other shapes."""
    judge(op, input=input)
    if isinstance(boxes, Tensor):
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise ValueError(
                f"{op}: boxes are (R, 5), each the number of its image and its corners, or a list "
                f"with a Tensor (L, 4) for each image (got {tuple(boxes.shape)}); use [boxes] for "
                "boxes on one image"
            )
        return boxes.detach()[:, 1:], boxes.detach()[:, 0].long()
    if not isinstance(boxes, (list, tuple)):
        judge(op, boxes=boxes)
    if not boxes:
        raise ValueError(f"{op}: the list of boxes is empty; give a Tensor (0, 4) for each image")
    for number, those in enumerate(boxes):
        judge(op, **{f"boxes[{number}]": those})
        if those.ndim != 2 or those.shape[1] != 4:
            raise ValueError(
                f"{op}: boxes[{number}] is (L, 4), the boxes on image {number} (got "
                f"{tuple(those.shape)}); use a Tensor (0, 4) for an image without boxes"
            )
    counts = [those.shape[0] for those in boxes]
    index = from_numpy(np.repeat(np.arange(len(counts)), counts))
    return cat([those.detach() for those in boxes]), index.to(device=boxes[0].device)


def roi_pool(
    input: Tensor,  # noqa: A002
    boxes: Boxes,
    output_size: Any,
    spatial_scale: float = 1.0,
) -> Tensor:
    """The largest value in each of OH × OW bins of each box, whose corners are rounded to pixels.

    input (N, C, H, W); boxes (R, 5) or a list → (R, C, OH, OW). spatial_scale: pixels of input for
    one of the boxes. A bin without a pixel is 0. Boxes have no gradient; there is no second
    derivative.
    """
    corners, index = _split("roi_pool", input, boxes)
    return apply(
        ROI_POOL, input, corners, index, output_size=output_size, spatial_scale=spatial_scale
    )


def roi_align(
    input: Tensor,  # noqa: A002
    boxes: Boxes,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """The mean of interpolated samples in each of OH × OW bins of each box; nothing is rounded.

    input (N, C, H, W); boxes (R, 5) or a list → (R, C, OH, OW). spatial_scale: pixels of input for
    one of the boxes. sampling_ratio: samples along each side of a bin, or not positive: one for
    each pixel. aligned: pixel 0 reaches from 0 to 1, so that its centre is ½. Boxes have no
    gradient.
    """
    corners, index = _split("roi_align", input, boxes)
    return apply(
        ROI_ALIGN, input, corners, index, output_size=output_size, spatial_scale=spatial_scale,
        sampling_ratio=sampling_ratio, aligned=aligned,
    )  # fmt: skip


class RoIPool(Module):
    """The largest value in each bin of each box; ties go to the first one in row-major order.

        y[r, c, p, q] = max_{h, w} x[n_r, c, h, w]

    over the pixels ⌊p·b⌋ ≤ h − v_min < ⌈(p + 1)·b⌉ of a box from row v_min to row v_max, rounded,
    with b = (v_max − v_min + 1) / OH; columns alike. A bin without a pixel is 0.

    Shapes: (N, C, H, W) and boxes (R, 5), or a list of (L, 4) → (R, C, OH, OW).
    output_size: an int, or OH and OW. spatial_scale: pixels of x for one pixel of the boxes.

    Source: R. Girshick, "Fast R-CNN", ICCV 2015, section 2.1.
    """

    def __init__(self, output_size: Any, spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Boxes) -> Tensor:  # noqa: A002
        """(R, C, OH, OW)."""
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, spatial_scale={self.spatial_scale}"


class RoIAlign(Module):
    """The mean of samples in each bin of each box; samples outside the image count as 0.

        y[r, c, p, q] = 1/G² Σ_{i, j < G} x[n_r, c, v_i, u_j],  v_i = v_min + (p + (i + ½)/G)·b

    where x between pixels is interpolated, b is the height of a bin, and u_j is to columns what
    v_i is to rows.

    Shapes: (N, C, H, W) and boxes (R, 5), or a list of (L, 4) → (R, C, OH, OW).
    output_size: an int, or OH and OW. spatial_scale: pixels of x for one pixel of the boxes.
    sampling_ratio: G, or not positive for ⌈b⌉. aligned: half a pixel is taken off v and u.

    Source: K. He, G. Gkioxari, P. Dollár, R. Girshick, "Mask R-CNN", ICCV 2017, section 3.
    """

    def __init__(
        self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Boxes) -> Tensor:  # noqa: A002
        """(R, C, OH, OW)."""
        return roi_align(
            input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned
        )

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aligned={self.aligned}"
        )
