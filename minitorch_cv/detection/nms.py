"""Non-maximum suppression: of boxes that overlap much, the one with the best score stays."""

from __future__ import annotations

from ..autograd.joining import cat
from ..autograd.tape import apply
from ..autograd.tensor import Tensor
from ..nn.functional.judging import judge
from ..ops.roi.nms import OP as NMS


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The numbers of the boxes that are kept, by decreasing score; (K,) int64.

    boxes (R, 4), scores (R,): a box is kept unless its overlap with a better one that is kept, the
    intersection over the union, is larger than iou_threshold. Equal scores keep their order.
    """
    judge("nms", boxes=boxes, scores=scores)
    return apply(NMS, boxes, scores, iou_threshold=iou_threshold)


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """As nms, but a box suppresses boxes of its own class alone; idxs (R,) holds the classes."""
    judge("batched_nms", boxes=boxes, scores=scores, idxs=idxs)
    if tuple(idxs.shape) != tuple(scores.shape):
        raise ValueError(
            f"batched_nms: there is one class for each score (got idxs {tuple(idxs.shape)}, scores "
            f"{tuple(scores.shape)}); give idxs of the same shape"
        )
    kept = [nms(boxes, scores, iou_threshold)[:0]]  # judges the arguments where there is no class
    for k in idxs.unique():
        members = (idxs == k).nonzero(as_tuple=True)[0]
        kept.append(members[nms(boxes[members], scores[members], iou_threshold)])
    numbers = cat(kept).sort().values
    return numbers[scores[numbers].argsort(descending=True, stable=True)]
