"""What the engine hands to the diagnosis, and what it gets back.

`Evidence` is all that is known about one wrong input; `Diagnosis` is one explanation of it. The
engine measures and never guesses; the diagnosis (`diagnosis.py`) guesses, and may use the numbers,
the function itself and the analytic backward to test what it guesses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..numeric import Problem

Rerun = Callable[[list[np.ndarray]], list[np.ndarray]]


class Evidence(NamedTuple):
    """All that is known about one input whose gradient is wrong."""

    name: str  # "w"
    k: int  # its number among problem.arrays
    analytic: np.ndarray  # the claimed gradient, float64
    numeric: np.ndarray  # measured element by element; NaN where it was not measured
    error: np.ndarray  # how far `numeric` may be off, same shape
    problem: Problem  # evaluate, arrays, names, cotangents, gradients
    rerun: Rerun | None  # the claimed gradients of all inputs for other cotangents
    outputs: list[np.ndarray]  # f(arrays)
    params: dict[str, Any]  # stride, padding, ... where known
    others: dict[str, tuple[np.ndarray, np.ndarray]]  # other inputs: (analytic, numeric or NaN)


class Diagnosis(NamedTuple):
    """One explanation of a wrong gradient."""

    kind: str  # a short stable key: "wrong sign", "transposed", ...
    confidence: float  # 0 to 1
    message: str  # what it looks like and what to look at, for a student
