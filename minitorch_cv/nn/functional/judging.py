"""What the functions ask of their arguments before an op sees arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from ...backend import late
from ...backend.library import Array, library_of


def judge(op: str, **values: Any) -> None:
    """Raises TypeError for the first argument that is no Tensor."""
    for name, value in values.items():
        if isinstance(value, Tensor):
            continue
        hint = "minitorch_cv.tensor(...)"
        if library_of(value) is not None:
            hint = f"minitorch_cv.from_numpy({name}), or minitorch_cv.tensor({name}) for a copy"
        raise TypeError(f"{op}: {name} is a Tensor (got {_kind(value)}); convert it with {hint}")


def judge_optional(op: str, **values: Any) -> None:
    """Raises TypeError for the first argument that is neither a Tensor nor None."""
    judge(op, **{name: value for name, value in values.items() if value is not None})


def _kind(value: Any) -> str:
    """numpy.ndarray, list, None …"""
    kind = type(value)
    if value is None:
        return "None"
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def judge_float(op: str, value: Any) -> None:
    """Raises TypeError for a Tensor of integers or booleans."""
    if value.dtype.kind != "f":
        raise TypeError(f"{op}: input is of a float dtype (got {value.dtype}); use .float() first")


def judge_flag(op: str, **values: Any) -> None:
    """Raises TypeError for the first argument that is neither True nor False."""
    for name, value in values.items():
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{op}: {name} is True or False (got {value!r}); use {name}=True")


def judge_number(op: str, **values: Any) -> None:
    """Raises TypeError for the first argument that is no number."""
    for name, value in values.items():
        if not hasattr(value, "__float__"):
            raise TypeError(f"{op}: {name} is a number (got {value!r}); use e.g. {name}=0.1")


def judge_range(op: str, labels: Array, low: int, classes: int, hint: str = "") -> None:
    """Raises ValueError for a label that is not in [low, classes), on a device later (late.py).

    low: 0, or −1 where that ends a list. hint: what to do, after a semicolon.
    """
    end = ", or −1 for the end" if low < 0 else ""

    def complain() -> None:
        raise ValueError(
            f"{op}: labels are 0 … {classes - 1}{end} (got {int(labels.min())} … "
            f"{int(labels.max())}){hint}"
        )

    late.judge(labels, late.OutOfRange(low, classes), complain)
