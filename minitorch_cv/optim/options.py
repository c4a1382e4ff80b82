"""Judging the options of optimizers and schedulers, in one wording."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def judge_number(
    owner: str, name: str, value: Any, low: float = 0.0, below: float = math.inf
) -> None:
    """Demands a number with low ≤ value < below. Raises TypeError or ValueError (NaN included)."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{owner}: {name} is a number (got {value!r})")
    if not low <= value < below:
        bound = f"at least {low:g}" + (f" and below {below:g}" if below < math.inf else ", finite")
        raise ValueError(f"{owner}: {name} must be {bound} (got {value})")


def judge_flag(owner: str, name: str, value: Any) -> None:
    """Demands True or False. Raises TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {name} is True or False (got {value!r})")
