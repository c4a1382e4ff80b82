"""floor_divide, remainder and fmod: the quotient of two float32 in float64 is exact enough to cut.

With |a / b| < 2²⁸ the whole part of the quotient has at most 28 bits; times the 24 bits of b that
fits into the 53 of float64, and so does the rest. A quotient that is no whole number is further
from one than float64 rounds. Where a pair is none of these (a large quotient, infinities, zeros,
NaN), NumPy takes the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ...threads import get_num_threads
from .binary import Binary, same
from .exponential import F
from .loops import compiled, map_two_marked
from .unary import flat, launch

D = np.float64
_INF, _NAN = F(np.inf), F(np.nan)
_LARGE = D(2.0**28)


def floor_divide(a, b):  # type: ignore[no-untyped-def]
    """⌊a / b⌋, as NumPy has it: NaN for an infinite a, −1 for an infinite b of the other sign."""
    y = F(np.floor(D(a) / D(b)))
    y = F(-1) if abs(b) == _INF and a * b < F(0) else y
    return _NAN if abs(a) == _INF and b != F(0) else y


def zero(gy, a, b):  # type: ignore[no-untyped-def]
    return F(0) * gy


def remainder(a, b):  # type: ignore[no-untyped-def]
    """a − b ⌊a / b⌋, and whether that is uncertain."""
    q = D(a) / D(b)
    return F(D(a) - np.floor(q) * D(b)), not (abs(q) < _LARGE) or abs(b) == _INF


def remainder_slope_b(gy, a, b):  # type: ignore[no-untyped-def]
    y = F(np.floor(D(a) / D(b)))
    y = F(-1) if abs(b) == _INF and a * b < F(0) else y
    return -gy * (_NAN if abs(a) == _INF and b != F(0) else y)


def fmod(a, b):  # type: ignore[no-untyped-def]
    """a − b trunc(a / b), and whether that is uncertain."""
    q = D(a) / D(b)
    return F(D(a) - np.trunc(q) * D(b)), not (abs(q) < _LARGE) or abs(b) == _INF


def fmod_slope_b(gy, a, b):  # type: ignore[no-untyped-def]
    return -gy * np.trunc(a / b)


class _Marked(Binary):
    """A kernel whose formula says where it may be wrong; NumPy then does the work again."""

    def __init__(self, value: Any, numpy: Callable[..., np.ndarray], slope: Any) -> None:
        super().__init__(value, (same, slope), "ab")
        self._numpy = numpy

    @cached_property
    def _equal(self) -> Any:
        return compiled(map_two_marked, self._value)

    def supports(self, a: Any, b: Any) -> bool:
        return super().supports(a, b) and a.shape == b.shape

    def forward(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
        y = np.empty(a.shape, np.float32)
        marks = np.zeros(get_num_threads(), np.bool_)
        launch(self._equal, y.size, flat(a), flat(b), y.reshape(-1), marks)
        if marks.any():
            with np.errstate(all="ignore"):
                y = np.asarray(self._numpy(a, b))
        return y, (a, b, None, a.shape, b.shape)


FLOOR_DIVIDE = Binary(floor_divide, (zero, zero))
REMAINDER = _Marked(remainder, np.remainder, remainder_slope_b)
FMOD = _Marked(fmod, np.fmod, fmod_slope_b)
