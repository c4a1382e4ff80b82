"""avg_pool and adaptive_avg_pool in numba: a window's rows are added up, then columns of their sum.

Both read their windows from the spans that the ops keep for their gradient: (start, stop) of each
along an axis. Images of one or two axes in float32. Windows of 2 × 2 side by side, and one window
that is the whole image, have loops of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...threads import run, worth
from . import mean_loops as loops
from .spans import Spans, adaptive_spans, columns_of, pool_spans, rows_of


def _supports(x: np.ndarray, **_: Any) -> bool:
    return x.dtype == np.float32 and 3 <= x.ndim <= 4


def _adaptive_supports(x: np.ndarray, **_: Any) -> bool:
    return _supports(x) and math.prod(x.shape[2:]) > 0


def _forward(
    x: np.ndarray, *, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> tuple[np.ndarray, tuple[Any, ...]]:  # fmt: skip
    view = [tuple(v) if isinstance(v, list) else v for v in (kernel_size, stride, padding)]
    size = x.shape[2:]
    spans, divisors = pool_spans(size, *view, bool(ceil_mode), bool(count_include_pad))
    if divisor_override is not None:
        divisors = int(divisor_override)
    return _mean(x, spans, divisors), (spans, size, divisors)


def _adaptive_forward(x: np.ndarray, *, output_size: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
    size = x.shape[2:]
    wanted = tuple(output_size) if isinstance(output_size, list) else output_size
    spans, divisors = adaptive_spans(size, wanted)
    return _mean(x, spans, divisors), (spans, size, divisors)


def _mean(x: np.ndarray, spans: tuple[Spans, ...], divisors: Any) -> np.ndarray:
    planes, (H, W), (OH, OW) = math.prod(x.shape[:2]), _image(x.shape[2:]), _counts(spans)
    y = np.empty((*x.shape[:2], *map(len, spans)), np.float32)
    flat, out = np.ascontiguousarray(x).reshape(planes, H, W), y.reshape(planes, OH, OW)
    whole = _whole(spans, x.shape[2:])
    most = worth((2 if whole else 12) * x.size)
    if whole:
        run(loops.mean, flat.reshape(planes, H * W), out.reshape(planes), 1 / divisors, most=most)
    elif _quads(spans) and isinstance(divisors, int):
        run(loops.mean_of_quads, flat, out, 1 / divisors, most=most)
    else:
        places = (rows_of(spans), *columns_of(spans))
        run(loops.mean_of_windows, flat, out, *places, _shares(divisors, OH, OW), most=most)
    return y


def _backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    """The gradient of both; NotImplemented for volumes."""
    spans, size, divisors = saved
    if not needs[0]:
        return (None,)
    if len(spans) > 2:
        return NotImplemented
    planes, (H, W), (OH, OW) = math.prod(gy.shape[:2]), _image(size), _counts(spans)
    gx = np.empty((*gy.shape[:2], *size), np.float32)
    flat, given = gx.reshape(planes, H, W), np.ascontiguousarray(gy).reshape(planes, OH, OW)
    whole = _whole(spans, size)
    most = worth((2 if whole else 12) * gx.size)
    if whole:
        run(loops.spread, given.reshape(planes), flat.reshape(planes, H * W), 1 / divisors,
            most=most)  # fmt: skip
    elif _quads(spans) and isinstance(divisors, int):
        run(loops.spread_to_quads, given, flat, 1 / divisors, most=most)
    else:
        places = (rows_of(spans), *columns_of(spans))
        run(loops.spread_to_windows, given, flat, *places, _shares(divisors, OH, OW), most=most)
    return (gx,)


AVG_POOL = SimpleNamespace(supports=_supports, forward=_forward, backward=_backward)
ADAPTIVE_AVG_POOL = SimpleNamespace(
    supports=_adaptive_supports, forward=_adaptive_forward, backward=_backward
)


def _image(size: Sequence[int]) -> tuple[int, int]:
    """A line is an image of one row."""
    return (1, size[0]) if len(size) == 1 else (size[0], size[1])


def _counts(spans: tuple[Spans, ...]) -> tuple[int, int]:
    return _image([len(axis) for axis in spans])


def _whole(spans: tuple[Spans, ...], size: Sequence[int]) -> bool:
    """Is there one window, all of the image?"""
    return all(axis == ((0, length),) for axis, length in zip(spans, size, strict=True))


def _quads(spans: tuple[Spans, ...]) -> bool:
    """Are the windows 2 × 2, side by side from the first pixel on?"""
    return len(spans) == 2 and all(
        len(axis) > 0 and axis[0] == (0, 2) and axis[-1] == (2 * len(axis) - 2, 2 * len(axis))
        for axis in spans
    )  # fmt: skip


def _shares(divisors: Any, OH: int, OW: int) -> np.ndarray:
    """1 / divisor of each window, (OH, OW)."""
    shares = np.empty((OH, OW), np.float32)
    np.divide(np.float32(1), np.asarray(divisors, np.float32), out=shares)
    return shares
