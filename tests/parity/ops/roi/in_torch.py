"""Regions of interest in PyTorch's terms, which has no such functions: box by box, bin by bin."""

from __future__ import annotations

import math
from typing import Any

import torch


def _two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def roi_align(
    x: Any, boxes: Any, index: Any, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1, aligned: bool = False,
) -> Any:  # fmt: skip
    """Bilinear samples by grid_sample, the mean of those of each bin."""
    OH, OW = _two(output_size)
    _, C, H, W = x.shape
    found = [x.new_zeros(0, C, OH, OW) + 0 * x.sum()]
    for box, n in zip(boxes.detach() * spatial_scale - 0.5 * aligned, index.tolist(), strict=True):
        down = _places(box[1], box[3], OH, sampling_ratio, aligned)  # (OH·G,)
        along = _places(box[0], box[2], OW, sampling_ratio, aligned)
        if not box.isfinite().all() or 0 in (C, len(down), len(along)):
            found.append(x.new_zeros(1, C, OH, OW))
            continue
        v, u = torch.meshgrid(down, along, indexing="ij")
        inside = (v >= -1) & (v <= H) & (u >= -1) & (u <= W)
        grid = torch.stack([2 * u / max(W - 1, 1) - 1, 2 * v / max(H - 1, 1) - 1], -1)[None]
        picked = torch.nn.functional.grid_sample(
            x[n : n + 1], grid, padding_mode="border", align_corners=True
        )
        picked = torch.where(inside, picked, 0)  # (1, C, OH·G, OW·G)
        shape = (1, C, OH, len(down) // OH, OW, len(along) // OW)
        found.append(picked.reshape(shape).mean((3, 5)))
    return torch.cat(found)


def _places(low: Any, high: Any, P: int, ratio: int, aligned: bool) -> Any:
    size = high - low if aligned else (high - low).clamp(min=1)
    if not size.isfinite() or P == 0:
        return low.new_zeros(0)
    count = ratio if ratio > 0 else max(math.ceil(size / P), 0)
    return low + (torch.arange(P * count) + 0.5) * size / max(P * count, 1)


def roi_pool(x: Any, boxes: Any, index: Any, output_size: Any, spatial_scale: float = 1.0) -> Any:
    """The maximum over each bin's pixels; 0 where there is none."""
    OH, OW = _two(output_size)
    C = x.shape[1]
    found = [x.new_zeros(0, C, OH, OW) + 0 * x.sum()]
    for box, n in zip(boxes.detach() * spatial_scale, index.tolist(), strict=True):
        y = [x.new_zeros(C)] * (OH * OW)
        if box.isfinite().all():
            rows = _bins(box[1], box[3], OH, x.shape[2])
            columns = _bins(box[0], box[2], OW, x.shape[3])
            y = [_largest(x[n, :, h, w]) for h in rows for w in columns]
        bins = torch.stack(y, -1) if y else x.new_zeros(C, 0)
        found.append(bins.reshape(1, C, OH, OW))
    return torch.cat(found)


def _largest(window: Any) -> Any:
    flat = window.flatten(1)
    return flat.max(1).values if flat.shape[1] else flat.new_zeros(len(flat))


def _bins(low: Any, high: Any, P: int, S: int) -> list[slice]:
    start, stop = (int(torch.floor(v.abs() + 0.5) * v.sign()) for v in (low, high))
    width = torch.tensor(float(max(stop - start + 1, 1)), dtype=low.dtype) / max(P, 1)
    ends = [(int(torch.floor(p * width)), int(torch.ceil((p + 1) * width))) for p in range(P)]
    return [
        slice(min(max(a + start, 0), S), max(min(max(b + start, 0), S), min(max(a + start, 0), S)))
        for a, b in ends
    ]


def nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """All overlaps at once; then box after box, the best first."""
    order = scores.sort(stable=True, descending=True).indices
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    covers = both / (area[:, None] + area - both) > iou_threshold
    kept: list[int] = []
    for r in order.tolist():
        if not any(covers[k, r] for k in kept):
            kept.append(r)
    return torch.tensor(kept, dtype=torch.int64)
