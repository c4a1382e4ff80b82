"""Boxes: their area, overlap and formats. The only place where one format becomes another.

"xyxy": (x_min, y_min, x_max, y_max), which all else here speaks; "xywh": (x_min, y_min, width,
height); "cxcywh": (the centre's x, its y, width, height). All functions take (…, 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.functions import FUNCTIONS
from ..autograd.joining import cat, stack
from ..autograd.tensor import Tensor
from ..nn.functional.judging import judge

FORMATS = ("xyxy", "xywh", "cxcywh")


def judge_boxes(op: str, **values: Any) -> None:
    """Raises TypeError for what is no Tensor, ValueError unless the last axis holds a box."""
    judge(op, **values)
    for name, boxes in values.items():
        if boxes.ndim == 0 or boxes.shape[-1] != 4:
            raise ValueError(
                f"{op}: {name} is (…, 4), four numbers for each box (got {tuple(boxes.shape)}); "
                "give it a last axis of 4"
            )


def _judge_format(op: str, **formats: str) -> None:
    for name, value in formats.items():
        if value not in FORMATS:
            raise ValueError(f"{op}: {name} is one of {', '.join(FORMATS)} (got {value!r})")


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes of one format in another: "xyxy", "xywh" or "cxcywh"."""
    judge_boxes("box_convert", boxes=boxes)
    _judge_format("box_convert", in_fmt=in_fmt, out_fmt=out_fmt)
    if in_fmt == out_fmt:
        return boxes.clone()
    low, size = boxes[..., :2], boxes[..., 2:]
    if in_fmt == "xyxy":
        size = size - low
    elif in_fmt == "cxcywh":
        low = low - size / 2
    if out_fmt == "xyxy":
        return cat([low, low + size], -1)
    return cat([low + size / 2 if out_fmt == "cxcywh" else low, size], -1)


def _wide(boxes: Tensor) -> Tensor:
    """Halves as float32 and small integers as int32, whose products neither overflow nor vanish."""
    if boxes.array.dtype.kind == "f":
        return boxes.float() if boxes.array.dtype.itemsize < 4 else boxes
    return boxes.int() if boxes.array.dtype.itemsize < 4 else boxes


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """(x_max − x_min) (y_max − y_min) of boxes (…, 4); (…)."""
    judge_boxes("box_area", boxes=boxes)
    _judge_format("box_area", fmt=fmt)
    x, y, u, v = _wide(boxes).unbind(-1)
    return (u - x) * (v - y) if fmt == "xyxy" else u * v


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """|a ∩ b| / |a ∪ b| of each a in boxes1 (…, N, 4) and each b in boxes2 (…, M, 4); (…, N, M).

    Two boxes without an area that do not meet any other give 0 / 0 = NaN, as in torchvision.
    Source: M. Everingham et al., "The PASCAL Visual Object Classes (VOC) challenge", 2010,
    section 4.2.
    """
    judge_boxes("box_iou", boxes1=boxes1, boxes2=boxes2)
    _judge_format("box_iou", fmt=fmt)
    areas = box_area(boxes1, fmt).unsqueeze(-1), box_area(boxes2, fmt).unsqueeze(-2)
    if fmt != "xyxy":
        boxes1, boxes2 = (box_convert(boxes, fmt, "xyxy") for boxes in (boxes1, boxes2))
    a, b = boxes1.unsqueeze(-2), boxes2.unsqueeze(-3)  # (…, N, 1, 4), (…, 1, M, 4)
    low = FUNCTIONS["maximum"](a[..., :2], b[..., :2])
    high = FUNCTIONS["minimum"](a[..., 2:], b[..., 2:])
    w, h = _wide(high - low).clamp(min=0).unbind(-1)
    both = w * h
    return both / (areas[0] + areas[1] - both)


def clip_boxes_to_image(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Boxes (…, 4) cut off at the edges of an image of size (height, width)."""
    judge_boxes("clip_boxes_to_image", boxes=boxes)
    height, width = size
    x = boxes[..., 0::2].clamp(min=0, max=width)
    y = boxes[..., 1::2].clamp(min=0, max=height)
    return stack([x, y], -1).reshape(tuple(boxes.shape))


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The numbers of the boxes (R, 4) whose sides are both at least min_size; int64."""
    judge_boxes("remove_small_boxes", boxes=boxes)
    sides = boxes[..., 2:] - boxes[..., :2]
    return (sides >= min_size).all(-1).nonzero(as_tuple=True)[0]
