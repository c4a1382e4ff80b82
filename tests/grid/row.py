"""What a row of the grid is: one layer or function, and the calls on which it is tried.

The grid knows no library. tests/parity/test_grid.py runs each case with PyTorch and with us, and
compares; tests/test_grid_gradients.py checks the gradients without PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np


class Of(NamedTuple):
    """A name of the library that runs the case: Of("float64") is torch.float64, or ours."""

    name: str


class Fixed(NamedTuple):
    """A tensor that wants no gradient although it holds floats (running statistics, weights)."""

    array: np.ndarray


class Case(NamedTuple):
    """One call.

    inputs: what the layer or function is called with. NumPy arrays become tensors wherever they
        stand (also in lists, tuples and keyword arguments); float ones want a gradient. float64
        arrays are tried in float32, too.
    args, kwargs: of a layer's constructor; of a function they follow the inputs.
    label: what is special about it.
    differs: why we answer otherwise than PyTorch: the case is not compared, and the reason is
        printed in docs/parity.md.
    smooth: False at kinks and ties, where no difference quotient tells the derivative.
    single: False where float32 is left out (differences cancel too many digits to compare).
    evaluate: the layer is put in evaluation mode.
    """

    inputs: tuple[Any, ...]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    label: str = ""
    differs: str = ""
    smooth: bool = True
    single: bool = True
    evaluate: bool = False


class Row(NamedTuple):
    """One layer or function.

    name: "nn.Conv2d", "F.conv2d", "torch.cumsum" or "Tensor.cumsum".
    cases(rng): its calls, good and bad; those that raise in PyTorch must raise in ours.
    calls: how often a layer is called in a row (batch norm's statistics move on).
    tolerance: in float64, relative to the largest value.
    note: why something of it is left out, printed in docs/parity.md.
    """

    name: str
    cases: Callable[[np.random.Generator], Iterable[Case]]
    calls: int = 1
    tolerance: float = 1e-9
    note: str = ""


def every(**choices: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """All combinations of the values of some arguments, as dictionaries."""
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def apart(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers of which no two are closer than 0.1, none closer than 0.05 to 0, shuffled."""
    count = int(np.prod(shape))
    numbers = (np.arange(count) - count // 2 + 0.5) * 0.2
    return rng.permutation(numbers + rng.uniform(-0.04, 0.04, count)).reshape(shape)
