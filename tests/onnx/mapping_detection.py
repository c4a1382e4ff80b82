"""RoiAlign and NonMaxSuppression."""

from __future__ import annotations

from typing import Any


def roi_align(lib: Any, node: Any, x: Any, rois: Any, images: Any) -> Any:
    if node.attribute("mode", "avg") != "avg":
        raise NotImplementedError("RoiAlign: only averages")
    mode = node.attribute("coordinate_transformation_mode", "half_pixel")
    boxes = lib.mt.cat([lib.mt.unsqueeze(images, 1).to(rois.dtype), rois], 1)
    size = node.attribute("output_height", 1), node.attribute("output_width", 1)
    return lib.detection.roi_align(
        x, boxes, size, node.attribute("spatial_scale", 1.0), node.attribute("sampling_ratio", 0),
        aligned=mode == "half_pixel",
    )  # fmt: skip


def non_max_suppression(
    lib: Any, node: Any, boxes: Any, scores: Any, most: Any = None, iou: Any = None,
    least: Any = None,
) -> Any:  # fmt: skip
    """For each image and class the numbers of the boxes kept, by decreasing score."""
    if node.attribute("center_point_box", 0):
        boxes = lib.detection.box_convert(boxes, "cxcywh", "xyxy")
    # Any two opposite corners make a box there, height before width; the overlap is the same.
    ends = boxes[..., :2], boxes[..., 2:]
    boxes = lib.mt.cat([lib.mt.minimum(*ends), lib.mt.maximum(*ends)], -1)
    count, threshold = _number(most, 0), _number(iou, 0.0)
    rows = []
    for image in range(scores.shape[0]):
        for kind in range(scores.shape[1]):
            marks = scores[image, kind]
            order = lib.detection.nms(boxes[image], marks, threshold).tolist()
            if least is not None:
                order = [r for r in order if marks[r].item() > _number(least, 0.0)]
            rows += [[image, kind, r] for r in order[:count]]
    return lib.mt.tensor(rows, dtype=lib.mt.int64)


def _number(value: Any, default: Any) -> Any:
    """An optional input of one element."""
    return default if value is None else value.reshape(()).item()


OPERATORS = {"NonMaxSuppression": non_max_suppression, "RoiAlign": roi_align}
