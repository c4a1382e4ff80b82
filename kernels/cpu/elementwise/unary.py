"""What a formula for one number needs to be a kernel: arrays in, arrays out, threads between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...threads import run, worth
from .loops import compiled, map_one, map_two

WORK = 20  # operations that touching one element costs, seen from how many threads are worth it
ALONE = 32768  # below so many elements one thread does not ask whether a second is worth it


def flat(x: np.ndarray) -> np.ndarray:
    """x as one row of contiguous elements, copied only if it must be."""
    return x.reshape(-1) if x.flags.c_contiguous else x.ravel()


def launch(kernel: Callable[..., None], size: int, *args: Any) -> None:
    """kernel(*args, thread, threads) on as many threads as `size` elements are worth."""
    if size < ALONE:
        kernel(*args, 0, 1)
    else:
        run(kernel, *args, most=worth(WORK * size))


class Unary:
    """The kernel of an op of one input: y = value(x, …), gx = slope(gy, x or y, …).

    value: the formula for one element; None leaves the forward pass to NumPy.
    slope: the formula of the derivative, whose second argument is called `x` or `y`; None leaves
        the backward pass to NumPy. Both take the op's parameters by name, as float32 (None, which
        means that there is no limit, as an infinity).
    saves: what the op saves: "x", "y", "xy" or ""; by default what `slope` takes.
    """

    def __init__(
        self,
        value: Callable[..., Any] | None,
        slope: Callable[..., Any] | None = None,
        saves: str | None = None,
    ) -> None:
        self._value, self._slope = value, slope
        self._names = _names(value, 1) if value is not None else _names(slope, 2)
        taken = slope.__code__.co_varnames[1] if slope is not None else ""
        self._from_y = taken == "y"
        self._saves_x = "x" in (taken if saves is None else saves)
        self._saves_y = "y" in (taken if saves is None else saves)

    @cached_property
    def _forward(self) -> Any:
        return compiled(map_one, self._value)  # type: ignore[arg-type]

    @cached_property
    def _backward(self) -> Any:
        return compiled(map_two, self._slope)  # type: ignore[arg-type]

    def supports(self, x: Any, **params: Any) -> bool:
        """float32, and parameters that are numbers, not NaN."""
        return (
            self._value is not None
            and x.__class__ is np.ndarray
            and x.dtype.char == "f"
            and all(value is None or value == value for value in params.values())
        )

    def forward(self, x: np.ndarray, **params: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
        y = np.empty(x.shape, np.float32)
        launch(self._forward, x.size, flat(x), y.reshape(-1), self._numbers(params))
        return y, (x if self._saves_x else None, y if self._saves_y else None, params)

    def backward(self, gy: np.ndarray, saved: Any, needs: Sequence[bool]) -> Any:
        if not needs[0]:
            return (None,)
        kept = saved.y if self._from_y else saved.x
        if self._slope is None or kept.__class__ is not np.ndarray or kept.dtype.char != "f":
            return NotImplemented
        return (self.slope_of(gy, kept, **saved.params),)

    def slope_of(self, gy: np.ndarray, kept: np.ndarray, **params: Any) -> np.ndarray:
        """The slope, element by element; kept: x or y."""
        gx = np.empty(gy.shape, np.float32)
        numbers = self._numbers(params)
        launch(self._backward, gy.size, flat(gy), flat(kept), gx.reshape(-1), numbers)
        return gx

    def _numbers(self, params: dict[str, Any]) -> tuple[np.float32, ...]:
        """The parameters in the order of the formula's arguments."""
        if not self._names:
            return ()
        return tuple(
            [np.float32(_LIMITS[n] if params[n] is None else params[n]) for n in self._names]
        )


_LIMITS = {"min": -np.inf, "max": np.inf}


def _names(formula: Any, inputs: int) -> tuple[str, ...]:
    code = formula.__code__
    return code.co_varnames[inputs : code.co_argcount]
