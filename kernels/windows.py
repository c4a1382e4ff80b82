"""Where pools' windows lie: (start, stop) of each along an axis, as the ops keep them.

Worked out once for each size and kept.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

Spans = tuple[tuple[int, int], ...]  # (start, stop) of each window along one axis
Counts = tuple[tuple[int, ...], ...]  # how many rows of each window the divisor counts, by axes


@lru_cache(maxsize=256)
def even_spans(
    size: tuple[int, ...], window: tuple[Any, ...], ceil: bool, pads: bool
) -> tuple[tuple[Spans, ...], Counts]:
    """Windows at even steps. window: kernel_size, stride, padding; pads: does padding count?"""
    spans, counts = [], []
    for length, k, s, p in zip(size, *window, strict=True):
        over = length + 2 * p - k
        count = (-(-over // s) if ceil else over // s) + 1
        if ceil and (count - 1) * s >= length + p:  # it would begin behind the image
            count -= 1
        axis = [(q * s - p, min(q * s - p + k, length + p)) for q in range(count)]
        inside = tuple((max(start, 0), min(stop, length)) for start, stop in axis)
        spans.append(inside)
        counts.append(tuple(stop - start for start, stop in (axis if pads else inside)))
    return tuple(spans), tuple(counts)


@lru_cache(maxsize=256)
def shared_spans(size: tuple[int, ...], wanted: Any) -> tuple[tuple[Spans, ...], Counts]:
    """Windows that share each axis among them; None: as many as pixels."""
    many = wanted if isinstance(wanted, tuple) else (wanted,) * len(size)
    spans = []
    for length, count in zip(size, many, strict=True):
        O = length if count is None else int(count)
        spans.append(tuple((q * length // O, -(-(q + 1) * length // O)) for q in range(O)))
    counts = tuple(tuple(stop - start for start, stop in axis) for axis in spans)
    return tuple(spans), counts


def one_divisor(counts: Counts) -> int | None:
    """The size of every window where all are equal."""
    if any(len(set(along)) != 1 for along in counts):
        return None
    return math.prod(along[0] for along in counts)


def sizes_of_windows(counts: Counts) -> np.ndarray:
    """(OH, OW), or (OW) where there is one axis."""
    first, *others = (np.array(along, np.float32) for along in counts)
    for along in others:
        first = first[:, None] * along
    return first


def table(axis: Spans) -> np.ndarray:
    """(O, 2)"""
    return np.array(axis, np.int32).reshape(len(axis), 2)


def windows_of(axis: Spans, length: int) -> np.ndarray:
    """(S, 2): the first window that each place of an axis lies in, and the one behind the last."""
    start, stop = table(axis).T  # both ascend
    places = np.arange(length)
    first, last = np.searchsorted(stop, places, "right"), np.searchsorted(start, places, "right")
    return np.stack([first, last], 1).astype(np.int32)
