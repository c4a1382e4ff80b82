"""dropout: x · mask / (1 − p) in one pass, for a mask of single elements or of whole channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..elementwise.arithmetic import MUL
from ..elementwise.binary import repeated
from ..elementwise.loops import compiled, map_two
from ..elementwise.unary import flat, launch

F = np.float32
_loop: Any = None


def dropped(x, kept, scale):  # type: ignore[no-untyped-def]
    """x times 0 where it is dropped: NaN and ±∞ become NaN."""
    return x * (scale if kept else F(0))


def supports(x: Any, mask: Any, *, p: float) -> bool:
    if x.__class__ is not np.ndarray or x.dtype.char != "f" or mask.dtype.char != "?":
        return False
    return mask.shape == x.shape or repeated(x.shape, mask.shape) is not None


def forward(x: np.ndarray, mask: np.ndarray, *, p: float) -> tuple[np.ndarray, tuple[Any, ...]]:
    return _times(x, mask, p), (mask, p)


def backward(gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
    if saved.mask.shape != gy.shape and repeated(gy.shape, saved.mask.shape) is None:
        return NotImplemented
    return (_times(gy, saved.mask, saved.p) if needs[0] else None), None


def _times(x: np.ndarray, mask: np.ndarray, p: float) -> np.ndarray:
    """x · mask / (1 − p)"""
    global _loop
    scale = F(1 / (1 - p) if p < 1 else 0.0)
    if mask.shape != x.shape:  # few numbers, which are repeated
        y, _ = MUL.forward(x, mask * scale)
        return y
    if _loop is None:
        _loop = compiled(map_two, dropped)
    y = np.empty(x.shape, F)
    launch(_loop, x.size, flat(x), flat(mask), y.reshape(-1), (scale,))
    return y
