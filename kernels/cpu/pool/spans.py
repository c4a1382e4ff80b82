"""Where pooling windows lie: (start, stop) of each along an axis, and tables of them.

Worked out once for each size and kept. The spans are those of the reference, which they may be
handed to for a second derivative.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...windows import Counts, Spans, even_spans, one_divisor, shared_spans, sizes_of_windows


@lru_cache(maxsize=256)
def pool_spans(
    size: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, ceil: bool, pads: bool
) -> tuple[tuple[Spans, ...], Any]:
    """(spans, divisors) of windows at even steps. pads: elements of the padding count, too."""
    n = len(size)
    kernel, padding = axes(kernel_size, n), axes(padding, n)
    steps = kernel if stride is None or stride == () else axes(stride, n)
    spans, counts = even_spans(size, (kernel, steps, padding), ceil, pads)
    return spans, _divisors(counts)


@lru_cache(maxsize=256)
def adaptive_spans(size: tuple[int, ...], wanted: Any) -> tuple[tuple[Spans, ...], Any]:
    """(spans, divisors) of windows that share each axis among them; None: as many as elements."""
    spans, counts = shared_spans(size, wanted)
    return spans, _divisors(counts)


def _divisors(counts: Counts) -> Any:
    """The sizes of all windows; one number where all are equal."""
    one = one_divisor(counts)
    return sizes_of_windows(counts) if one is None else one


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
