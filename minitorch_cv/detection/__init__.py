"""Detection, with torchvision.ops' names: boxes, regions of interest, non-maximum suppression.

Boxes are (x_min, y_min, x_max, y_max) in pixels, their width x_max − x_min, everywhere.
"""

from .boxes import box_area, box_convert, box_iou, clip_boxes_to_image, remove_small_boxes
from .nms import batched_nms, nms
from .roi import RoIAlign, RoIPool, roi_align, roi_pool

__all__ = [
    "RoIAlign",
    "RoIPool",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "nms",
    "remove_small_boxes",
    "roi_align",
    "roi_pool",
]
