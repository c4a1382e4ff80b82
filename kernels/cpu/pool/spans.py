"""Where pooling windows lie: (start, stop) of each along an axis, and tables of them.

Worked out once for each size and kept. The spans are those of the reference, which they may be
handed to for a second derivative.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

Spans = tuple[tuple[int, int], ...]  # (start, stop) of each window along one axis


@lru_cache(maxsize=256)
def pool_spans(
    size: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, ceil: bool, pads: bool
) -> tuple[tuple[Spans, ...], Any]:
    """(spans, divisors) of windows at even steps. pads: elements of the padding count, too."""
    n = len(size)
    kernel, padding = axes(kernel_size, n), axes(padding, n)
    steps = kernel if stride is None or stride == () else axes(stride, n)
    spans, counts = [], []
    for length, k, s, p in zip(size, kernel, steps, padding, strict=True):
        over = length + 2 * p - k
        count = (-(-over // s) if ceil else over // s) + 1
        if ceil and (count - 1) * s >= length + p:  # it would begin behind the image
            count -= 1
        axis = [(q * s - p, min(q * s - p + k, length + p)) for q in range(count)]
        inside = tuple((max(start, 0), min(stop, length)) for start, stop in axis)
        spans.append(inside)
        counts.append([stop - start for start, stop in (axis if pads else inside)])
    return tuple(spans), _divisors(counts)


@lru_cache(maxsize=256)
def adaptive_spans(size: tuple[int, ...], wanted: Any) -> tuple[tuple[Spans, ...], Any]:
    """(spans, divisors) of windows that share each axis among them; None: as many as elements."""
    counts = wanted if isinstance(wanted, tuple) else (wanted,) * len(size)
    spans = tuple(
        _shared(length, length if count is None else int(count))
        for length, count in zip(size, counts, strict=True)
    )
    return spans, _divisors([[stop - start for start, stop in axis] for axis in spans])


def _shared(size: int, count: int) -> Spans:
    return tuple((q * size // count, -(-(q + 1) * size // count)) for q in range(count))


def _divisors(counts: list[list[int]]) -> Any:
    """The sizes of all windows; one number where all are equal."""
    if all(len(set(along)) == 1 for along in counts):
        return math.prod(along[0] for along in counts)
    divisors: Any = np.array(counts[0], np.float32)
    for along in counts[1:]:
        divisors = divisors[:, None] * np.array(along, np.float32)
    return divisors


def axes(value: Any, n: int) -> tuple[int, ...]:
    """n numbers, one for each axis."""
    given = tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)
    return given if len(given) == n else given * n


@lru_cache(maxsize=256)
def rows_of(spans: tuple[Spans, ...]) -> np.ndarray:
    """(OH, 2): start and stop of each window's rows; a line is an image of one row."""
    return _table(spans[0] if len(spans) == 2 else ((0, 1),))


@lru_cache(maxsize=256)
def columns_of(spans: tuple[Spans, ...]) -> tuple[np.ndarray, int, int, int, int]:
    """((OW, 2), first, last, K, S) of the windows' columns.

    The windows first … last − 1 are all K wide and S apart, which loops like best; those before
    and after them are cut off by the edge. None are (first = last) where the steps are uneven.
    """
    table = _table(spans[-1])
    widths = table[:, 1] - table[:, 0]
    K = int(widths.max(initial=0))
    full = np.flatnonzero(widths == K)
    if len(full) < 2:
        return table, 0, 0, K, 1
    first, last = int(full[0]), int(full[-1]) + 1
    steps = np.diff(table[first:last, 0])
    if last - first != len(full) or steps.min() != steps.max() or steps[0] < 1:
        return table, 0, 0, K, 1
    return table, first, last, K, int(steps[0])


def _table(axis: Spans) -> np.ndarray:
    return np.array(axis, np.int64).reshape(len(axis), 2)
