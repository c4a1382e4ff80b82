"""nms on the GPU: nms.cu, in float32.

Which boxes are kept is known on the device alone, and how many they are is the shape of the op's
result. So there is one wait: where `forward` picks the kept ones by a boolean index. `keep` is the
same in a fixed size and does not wait, for those who go on with a mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..launch import THREADS, Source, blocks_for, device_of, is_on_device, launch

KERNELS = Source("roi/nms.cu")
_SCAN_THREADS = 512
_WORKSPACE = 64 << 20  # bytes of bits at a time
_ACROSS = 1024  # blocks along y at most; each takes several words where there are more


def supports(boxes: Any, scores: Any, **_: Any) -> bool:
    same = boxes.dtype == np.float32 and scores.dtype == np.float32
    return same and is_on_device(boxes, scores) and len(scores) > 0


def forward(boxes: Any, scores: Any, *, iou_threshold: float) -> tuple[Any, tuple[()]]:
    order, kept = keep(boxes, scores, iou_threshold)
    return order[kept], ()  # waits for the number of boxes that are kept


def keep(boxes: Any, scores: Any, iou_threshold: float) -> tuple[Any, Any]:
    """(the numbers of the boxes by decreasing score (R,), whether each of these is kept (R,))."""
    gpu, R = device_of(boxes), len(scores)
    xp, words = gpu.namespace, -(-R // 64)
    # Ascending, read from behind: NaN in front, and of equals the first, for they are turned twice.
    order = R - 1 - xp.argsort(scores[::-1], kind="stable")[::-1]
    corners = xp.ascontiguousarray(boxes[order])
    crossed, kept = xp.zeros(words, dtype=np.uint64), gpu.empty((R,), np.bool_)
    most = max(64, _WORKSPACE // (8 * words) // 64 * 64)
    threshold = _rounded_down(iou_threshold)
    for start in range(0, R, most):
        rows = min(most, R - start)
        bits = gpu.empty((words, rows), np.uint64)
        grid = (blocks_for(rows), min(words, _ACROSS))
        place = (R, start, rows, words)
        launch(KERNELS, "nms_bits", grid, THREADS, (corners, bits, *place, threshold))
        launch(KERNELS, "nms_scan", 1, _SCAN_THREADS, (bits, crossed, kept, *place))
    return order, kept


def _rounded_down(threshold: float) -> float:
    """The largest float32 that is not above it: no float32 lies between the two."""
    with np.errstate(over="ignore"):
        near = np.float32(threshold)
    if float(near) > threshold:  # as float64: against a float32 NumPy would round the threshold
        near = np.nextafter(near, np.float32(-np.inf))
    return float(near)
