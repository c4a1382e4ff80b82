"""What a formula of two numbers needs to be a kernel, with one input repeated along the other.

The repeated one, such as the (1, C, 1, 1) of a channel's scale, is a row (Q,), and the other one is
seen as (P, Q, R): the row is repeated along P and R. Other broadcasts are left to NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ...threads import run, worth
from .loops import collect, compiled, map_three, map_two, spread, spread_two
from .unary import WORK, flat, launch

Shape = tuple[int, ...]
Formula = Callable[..., Any]


class Binary:
    """The kernel of an op of two inputs: y = value(a, b).

    slopes: for a and for b the formula of the derivative, of (gy, a, b); of (gy, y, b) where the op
        saves y and not a. Without them the backward pass is left to NumPy.
    saves: which of a, b and y the op saves.
    least: NumPy does it as well for two arrays of one shape with fewer elements.
    """

    def __init__(
        self, value: Formula, slopes: tuple[Formula, Formula] | None = None, saves: str = "",
        least: int = 0,
    ) -> None:  # fmt: skip
        self._value, self._slopes, self._saves, self._least = value, slopes, saves, least
        self._loops: dict[tuple[Any, ...], Any] = {}

    @cached_property
    def _equal(self) -> Any:
        return compiled(map_two, self._value)

    def _loop(self, loop: Formula, formula: Formula, **how: bool) -> Any:
        """The compiled loop, made when it is first used."""
        key = (loop, formula, *how.values())
        if key not in self._loops:
            self._loops[key] = compiled(loop, formula, **how)
        return self._loops[key]

    def supports(self, a: Any, b: Any) -> bool:
        """Arrays of float32, of one shape or with one repeated along the other."""
        if a.__class__ is not np.ndarray or b.__class__ is not np.ndarray:
            return False
        if a.dtype.char != "f" or b.dtype.char != "f":
            return False
        if a.shape == b.shape:
            return a.size >= self._least
        return repeated(a.shape, b.shape) is not None

    def forward(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
        if a.shape == b.shape:
            y = np.empty(a.shape, np.float32)
            launch(self._equal, y.size, flat(a), flat(b), y.reshape(-1), ())
        else:
            y = self._spread(a, b)
        saves = self._saves
        kept = (a if "a" in saves else None, b if "b" in saves else None)
        return y, (*kept, y if "y" in saves else None, a.shape, b.shape)

    def _spread(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        how = repeated(a.shape, b.shape)
        assert how is not None  # supports has asked
        swap, P, Q, R = how
        full, row = (b, a) if swap else (a, b)
        y = np.empty(full.shape, np.float32)
        loop = self._loop(spread, self._value, swap=swap)
        launch(loop, y.size, blocks(full, P, Q, R), flat(row), y.reshape(P, Q, R))
        return y

    def backward(self, gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
        first = saved.y if "y" in self._saves else saved.a if "a" in self._saves else gy
        second = saved.b if "b" in self._saves else gy
        if self._slopes is None or not all(map(_single, (first, second))):
            return NotImplemented
        if saved.shape_a == saved.shape_b:
            if gy.size < self._least:
                return NotImplemented
            pairs = zip(needs, self._slopes, strict=True)
            return tuple(
                self._slope(slope, gy, first, second) if need else None for need, slope in pairs
            )
        return self._spread_back(gy, first, second, saved, needs)

    def _slope(self, slope: Formula, gy: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if slope is same:
            return gy
        g = np.empty(gy.shape, np.float32)
        loop = self._loop(map_three, slope)
        launch(loop, g.size, flat(gy), flat(a), flat(b), g.reshape(-1), ())
        return g

    def _spread_back(
        self, gy: np.ndarray, first: np.ndarray, second: np.ndarray, saved: Any,
        needs: Sequence[bool],
    ) -> Any:  # fmt: skip
        how = repeated(saved.shape_a, saved.shape_b)
        if how is None or how[0] and "y" in self._saves:
            return NotImplemented
        swap, P, Q, R = how
        full, row = (second, first) if swap else (first, second)
        of_full, of_row = self._slopes[::-1] if swap else self._slopes  # type: ignore[index]
        arrays = blocks(gy, P, Q, R), blocks(full, P, Q, R)
        row = flat(row)
        gfull = grow = None
        if needs[swap]:
            gfull = gy
            if of_full is not same:
                gfull = np.empty(gy.shape, np.float32)
                loop = self._loop(spread_two, of_full, swap=swap)
                launch(loop, gy.size, *arrays, row, gfull.reshape(P, Q, R))
        if needs[not swap]:
            threads = worth(WORK * gy.size)
            totals = np.zeros((threads, Q))
            loop = self._loop(collect, of_row, swap=swap, sums=True)
            run(loop, *arrays, row, totals, most=threads)
            grow = totals.sum(axis=0).astype(np.float32)
            grow = grow.reshape(saved.shape_a if swap else saved.shape_b)
        return (grow, gfull) if swap else (gfull, grow)


def same(gy, a, b):  # type: ignore[no-untyped-def]
    """The derivative of a sum: gy itself, which is handed on as it is."""
    return gy


def _single(x: Any) -> bool:
    return x.__class__ is np.ndarray and x.dtype.char == "f"


def blocks(x: np.ndarray, P: int, Q: int, R: int) -> np.ndarray:
    """x as contiguous (P, Q, R)."""
    return flat(x).reshape(P, Q, R)


@lru_cache(maxsize=1024)
def repeated(a: Shape, b: Shape) -> tuple[bool, int, int, int] | None:
    """(is it a that is repeated?, P, Q, R), see above; None where that is not how they broadcast.

    The shapes differ. Nothing is broadcast to an empty shape here.
    """
    swap = math.prod(a) < math.prod(b)
    full, row = (b, a) if swap else (a, b)
    row = (1,) * (len(full) - len(row)) + row
    if len(row) > len(full) or not math.prod(full):
        return None
    if any(size not in (1, whole) for size, whole in zip(row, full, strict=True)):
        return None
    kept = [axis for axis, size in enumerate(row) if size > 1]
    if not kept:
        return swap, 1, 1, math.prod(full)
    first, last = kept[0], kept[-1] + 1
    if row[first:last] != full[first:last]:  # repeated in between
        return None
    return swap, math.prod(full[:first]), math.prod(row), math.prod(full[last:])
