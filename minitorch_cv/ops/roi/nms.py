"""nms: non-maximum suppression; of boxes that overlap much, the one with the best score stays.

Boxes are visited by decreasing score. A box is kept unless one that was kept before it covers it:

    IoU(a, b) = |a ∩ b| / (|a| + |b| − |a ∩ b|) > iou_threshold

where |a| = (x_max − x_min) (y_max − y_min). Of equal scores the lower index comes first, and NaN
comes before all numbers. Boxes without an area, and boxes with a NaN, cover nothing and are not
covered.

Shapes: boxes (R, 4), each (x_min, y_min, x_max, y_max), scores (R,), both of one float dtype → y
(K,) int64: which boxes are kept, by decreasing score. There is no gradient.
Raises: ValueError for shapes and for a threshold that is NaN, TypeError for dtypes.
Source: P. Felzenszwalb et al., "Object detection with discriminatively trained part-based models",
2010, section 7; torchvision's rules for ties. Verified by the op checks against loops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from ..precision import check_floats, widen
from .rois import check_boxes, draw_boxes


class Saved(NamedTuple):
    pass


def check(boxes: Array, scores: Array, *, iou_threshold: float) -> None:
    check_floats("nms", boxes=boxes, scores=scores)
    check_boxes("nms", boxes)
    if scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"nms: there is one score for each box (got boxes {boxes.shape}, scores "
            f"{scores.shape}); give scores of shape ({boxes.shape[0]},)"
        )
    if isinstance(iou_threshold, bool) or not isinstance(iou_threshold, (int, float)):
        raise TypeError(f"nms: iou_threshold is a number (got {iou_threshold!r}); use e.g. 0.5")
    if math.isnan(iou_threshold):
        raise ValueError("nms: iou_threshold is NaN; use e.g. 0.5")


def forward(boxes: Array, scores: Array, *, iou_threshold: float) -> tuple[Array, Saved]:
    xp, R = array_module(boxes), boxes.shape[0]
    # Ascending, read from behind: NaN in front, and of equals the first, for they are turned twice.
    order = R - 1 - xp.argsort(scores[::-1], kind="stable")[::-1]
    x0, y0, x1, y1 = xp.transpose(widen(boxes)[order])  # (R,) each, the best box in front
    area = (x1 - x0) * (y1 - y0)
    kept = xp.ones(R, dtype=bool)
    for r in range(R - 1):
        rest = slice(r + 1, None)
        w = xp.maximum(xp.minimum(x1[r], x1[rest]) - xp.maximum(x0[r], x0[rest]), 0)
        h = xp.maximum(xp.minimum(y1[r], y1[rest]) - xp.maximum(y0[r], y0[rest]), 0)
        overlap = w * h
        iou = xp.asarray(overlap / (area[r] + area[rest] - overlap), dtype="float64")
        kept[rest] &= ~(kept[r] & (iou > iou_threshold))
    return order[kept], Saved()


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return None, None


def _iou(a: list[float], b: list[float]) -> float:
    """The overlap of two boxes as a share of what they cover together; NaN where that is 0."""
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    total = areas[0] + areas[1] - w * h
    return w * h / total if total != 0 else math.nan


def reference(boxes: np.ndarray, scores: np.ndarray, *, iou_threshold: float) -> np.ndarray:
    rest = list(range(len(scores)))
    corners, marks = boxes.real.tolist(), scores.real.tolist()
    kept: list[int] = []
    while rest:
        best = rest[0]
        for r in rest:
            if marks[r] > marks[best] or (math.isnan(marks[r]) and not math.isnan(marks[best])):
                best = r
        rest.remove(best)
        if not any(_iou(corners[k], corners[best]) > iou_threshold for k in kept):
            kept.append(best)
    return np.array(kept, np.int64)


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    for threshold in (0.0, 0.3, 0.7, 1.0):
        arrays = draw_boxes(rng, 12, 9, 9), rng.uniform(size=12)
        yield Sample(arrays, {"iou_threshold": threshold}, f"threshold {threshold}")
    boxes, half = np.array([[0.0, 0, 4, 4], [0, 0, 4, 2], [8, 8, 9, 9]]), {"iou_threshold": 0.5}
    yield Sample((boxes, np.array([0.5, 0.25, 0.75])), half, "an overlap as large as the threshold")
    tied = np.concatenate([boxes, boxes])[::-1]
    yield Sample((tied, np.array([1.0, 2, 1, 2, 1, 1])), half, "equal boxes, equal scores")
    apart = np.arange(60.0)[:, None] * 9 + np.array([0, 0, 1, 1])
    yield Sample((apart, rng.integers(3, size=60) * 1.0), half, "many equal scores")
    flat = np.array([[1.0, 1, 1, 3], [1, 1, 1, 3], [0, 0, 2, 2], [2, 2, 0, 0], [1, 1, 1, 1]])
    none = {"iou_threshold": 0.0}
    yield Sample((flat, np.arange(5.0)), none, "boxes without an area, a turned one")
    yield Sample((boxes[:1], np.array([0.0])), half, "one box")
    yield Sample((boxes[:0], np.zeros(0)), half, "no boxes")
    arrays = draw_boxes(rng, 5, 4, 4).T.copy().T, rng.uniform(size=10)[::2]
    yield Sample(arrays, half, "not contiguous")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    boxes, scores = draw_boxes(rng, 3, 4, 4), rng.uniform(size=3)

    def bad(
        words: str, boxes: Any, scores: Any, error: type[Exception] = ValueError,
        threshold: Any = 0.5,
    ) -> ErrorSample:  # fmt: skip
        return ErrorSample((boxes, scores), {"iou_threshold": threshold}, error, f"nms: {words}")

    yield bad("boxes are (R, 4), each", boxes[0], scores)
    yield bad("boxes are (R, 4), each", boxes[:, :3], scores)
    yield bad("there is one score for each box", boxes, scores[:2])
    yield bad("there is one score for each box", boxes, scores[:, None])
    yield bad("boxes must be of a float dtype", boxes.astype(int), scores, TypeError)
    yield bad("inputs are of different dtypes", boxes, scores.astype(np.float32), TypeError)
    yield bad("iou_threshold is a number (got '0.5')", boxes, scores, TypeError, "0.5")
    yield bad("iou_threshold is NaN", boxes, scores, threshold=math.nan)


OP = Op(
    "nms", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, twice=False, constants=("boxes", "scores"),
)  # fmt: skip
