"""Taps: which elements of an axis an output looks at, and how much each of them counts.

    y[o] = Σ_t weight[t, o] · x[index[t, o]]

Nearest, linear and cubic interpolation and smoothing filters differ in nothing but this table.
Where output o lies in the input (S elements become O, ratio = S/O or 1/scale_factor):

    align_corners:  u = o (S − 1)/(O − 1)    nearest:  u = o ratio    else:  u = (o + ½) ratio − ½

The adjoint of a resampling, which its gradient needs, is a resampling too: the table is read the
other way, by `transposed`.
Source: R. Keys, "Cubic convolution interpolation for digital image processing", 1981, equations 4
and 8; K. Turkowski, "Filters for common resampling tasks", Graphics Gems, 1990 (filters widened by
the ratio, Lanczos). The rounding at each step is PyTorch's, so that the same elements are chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

KEYS = -0.75  # the free number a of cubic convolution; Keys (1981) has −1/2
KEYS_SMOOTH = -0.5  # of the smoothing filter


@dataclass(frozen=True, eq=False, slots=True)
class Taps:
    """The table of one axis.

    size: S, of the input. index: (T, O), int64. weights: (T, O), or None for one tap that counts 1.
    counts: (O,), how many of the T taps an output has where not all have T.
    """

    size: int
    index: np.ndarray
    weights: np.ndarray | None
    counts: np.ndarray | None = None


def near(d: Any, a: float) -> Any:
    """The cubic's weight of an element at distance 0 ≤ d ≤ 1."""
    return ((a + 2) * d - (a + 3)) * d * d + 1


def far(d: Any, a: float) -> Any:
    """The cubic's weight of an element at distance 1 ≤ d ≤ 2."""
    return ((d - 5) * d + 8) * d * a - 4 * a


def _triangle(d: np.ndarray) -> np.ndarray:
    return np.maximum(1 - d, 0)


def _cubic(d: np.ndarray) -> np.ndarray:
    return np.where(d < 1, near(d, KEYS_SMOOTH), np.where(d < 2, far(d, KEYS_SMOOTH), 0))


def _lanczos(d: np.ndarray) -> np.ndarray:
    return np.where(d < 3, np.sinc(d) * np.sinc(d / 3), 0)


_FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "linear": (_triangle, 1),  # (the filter, how far it reaches)
    "cubic": (_cubic, 2),
    "lanczos": (_lanczos, 3),
}


@lru_cache(maxsize=512)
def taps_of(
    kind: str, S: int, O: int, scale: float | None, align: bool, smooth: bool, dtype: str
) -> Taps | None:
    """The table of an axis; None where it stays as it is.

    kind: "nearest", "nearest-exact", "linear", "cubic" or "lanczos". scale: the factor that was
    asked for, where it and not the sizes make the ratio. smooth: the filter is widened by the
    ratio. dtype: in which the places are worked out.
    """
    if kind.startswith("nearest"):
        return _nearest(kind, S, O, scale)
    if S == O and (smooth or kind == "linear"):
        return None
    ratio = _ratio(S, O, scale, align, np.dtype(dtype).type)
    places = np.arange(O).astype(dtype)
    if smooth:
        return _smooth(kind, S, places, ratio)
    half = ratio.dtype.type(0.5)
    u = ratio * places if align else ratio * (places + half) - half
    if kind == "linear":
        u = np.maximum(u, 0)
    first = np.minimum(np.floor(u).astype(np.int64), S - 1)
    t = np.clip(u - first.astype(dtype), 0, 1)
    if kind == "linear":
        index, weights = [first, first + 1], [1 - t, t]
    else:
        index = [first - 1, first, first + 1, first + 2]
        weights = [far(1 + t, KEYS), near(t, KEYS), near(1 - t, KEYS), far(2 - t, KEYS)]
    return Taps(S, np.clip(np.stack(index), 0, S - 1), np.stack(weights))


def _ratio(S: int, O: int, scale: float | None, align: bool, kind: Any) -> Any:
    if align:
        return kind(S - 1) / kind(O - 1) if O > 1 else kind(0)
    return kind(1 / scale) if scale is not None else kind(S) / kind(O)


def _nearest(kind: str, S: int, O: int, scale: float | None) -> Taps | None:
    """Places are worked out in float32 for every dtype."""
    ratio, places = _ratio(S, O, scale, False, np.float32), np.arange(O)
    if kind == "nearest-exact":
        u = ((places + 0.5) * np.float64(ratio)).astype(np.float32)
    elif S == O:
        return None
    elif 2 * S == O:
        u = places / 2
    else:
        u = places.astype(np.float32) * ratio
    return Taps(S, np.minimum(np.floor(u).astype(np.int64), S - 1)[None], None)


def _smooth(kind: str, S: int, places: np.ndarray, ratio: Any) -> Taps:
    weight_of, reach = _FILTERS[kind]
    width = max(ratio, ratio.dtype.type(1))
    center = ratio * (places + ratio.dtype.type(0.5))
    half = ratio.dtype.type(0.5)
    start = np.maximum((center - reach * width + half).astype(np.int64), 0)
    stop = np.minimum((center + reach * width + half).astype(np.int64), S)
    index = start + np.arange(max(int((stop - start).max()), 1))[:, None]  # (T, O)
    distance = abs(index.astype(center.dtype) - center + half) / width
    weights = np.where(index < stop, weight_of(distance), 0)
    weights = weights / weights.sum(axis=0)
    return Taps(S, np.minimum(index, S - 1), weights.astype(center.dtype), stop - start)


@lru_cache(maxsize=512)
def transposed(taps: Taps | None) -> Taps | None:
    """The table of the adjoint: for each input, the outputs that look at it. None for None."""
    if taps is None:
        return None
    S, index, weights = taps.size, taps.index, taps.weights
    T, O = index.shape
    source, target = index.ravel(), np.tile(np.arange(O), T)
    weight = np.ones(T * O) if weights is None else weights.ravel()
    there = np.ones(T * O, bool)
    if taps.counts is not None:
        there = (np.arange(T)[:, None] < taps.counts).ravel()
    order = np.argsort(source)
    order = order[there[order]]  # the taps that are there, sorted by input
    source, target, weight = source[order], target[order], weight[order]
    counts = np.bincount(source, minlength=S)
    # the how manieth of its input each tap is
    rank = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    back = np.zeros((int(counts.max()), S), np.int64)
    amount = np.zeros(back.shape, weight.dtype)
    back[rank, source], amount[rank, source] = target, weight
    return Taps(O, back, amount, counts)
