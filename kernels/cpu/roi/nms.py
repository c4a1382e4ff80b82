"""nms in numba: the boxes lie in the order of their scores, and each that is kept looks behind it.

The look at all later boxes is one loop without branches, which the compiler turns into vector
instructions; boxes that are suppressed already are looked at again, which costs less than asking.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["forward", "supports"]


def supports(boxes: np.ndarray, scores: np.ndarray, **_: Any) -> bool:
    return boxes.dtype == np.float32 and scores.dtype == np.float32


def forward(
    boxes: np.ndarray, scores: np.ndarray, *, iou_threshold: float
) -> tuple[np.ndarray, tuple[()]]:
    # Ascending, read from behind: NaN in front, and of equals the first, for they are turned twice.
    order = len(scores) - 1 - np.argsort(scores[::-1], kind="stable")[::-1]
    corners = np.ascontiguousarray(boxes[order].T)  # (4, R), the best box in front
    covered = np.zeros(len(scores), np.uint8)
    _suppress(corners, np.float64(iou_threshold), covered)
    return order[covered == 0], ()


@njit(cache=True, nogil=True)
def _suppress(corners, threshold, covered):  # type: ignore[no-untyped-def]
    """covered (R,): 1 for each box that a better one which is kept covers."""
    x0, y0, x1, y1 = corners[0], corners[1], corners[2], corners[3]
    area = (x1 - x0) * (y1 - y0)
    R = covered.size
    for r in range(R):
        if not covered[r]:
            _look(
                x0[r], y0[r], x1[r], y1[r], area[r], x0[r + 1 :], y0[r + 1 :], x1[r + 1 :],
                y1[r + 1 :], area[r + 1 :], threshold, covered[r + 1 :],
            )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _look(a0, b0, a1, b1, size, x0, y0, x1, y1, area, threshold, covered):  # type: ignore[no-untyped-def]
    """Marks the boxes whose overlap with one box is larger than the threshold."""
    zero = np.float32(0)
    for k in range(covered.size):
        left = x0[k] if x0[k] > a0 else a0
        top = y0[k] if y0[k] > b0 else b0
        right = x1[k] if x1[k] < a1 else a1
        bottom = y1[k] if y1[k] < b1 else b1
        w, h = right - left, bottom - top
        w = w if w > zero else zero
        h = h if h > zero else zero
        overlap = w * h
        iou = overlap / (size + area[k] - overlap)  # NaN covers nothing
        covered[k] |= np.float64(iou) > threshold
