"""Functions that look numbers up: searchsorted, bucketize, isin. No gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend.device import together
from ..backend.library import array_module
from . import tape
from .tape import new_tensor

if TYPE_CHECKING:
    from .tensor import Tensor


def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,  # noqa: A002
    side: str | None = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where each value would stand in a sorted sequence: before its equals, or behind them.

    sorted_sequence: (…, S), in order along its last axis, or by `sorter` (what argsort answers).
    input: the values, (…, V), or any shape for a sequence of one axis. right (or side="right"):
    behind its equals.
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ValueError(f"searchsorted: side is 'left' or 'right' (got {side!r}, right={right})")
    if not isinstance(sorted_sequence, tape.TENSOR) or sorted_sequence.ndim == 0:
        raise ValueError("searchsorted: the sequence is a Tensor of at least one axis")
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape or sorter.dtype != "int64":
            raise ValueError(
                f"searchsorted: sorter is int64, of shape {sorted_sequence.shape} (got "
                f"{sorter.dtype}, {sorter.shape})"
            )
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    rows = sorted_sequence.array
    xp, place = array_module(rows), "right" if right or side == "right" else "left"
    values = input.array if isinstance(input, tape.TENSOR) else xp.asarray(input)
    together("searchsorted", sorted_sequence=rows, input=values)
    if rows.ndim == 1:
        found = xp.searchsorted(rows, values, side=place)
    elif rows.shape[:-1] != values.shape[:-1]:
        raise ValueError(
            f"searchsorted: sequence and values agree in all axes but the last (got {rows.shape} "
            f"and {values.shape})"
        )
    else:
        found = xp.empty(values.shape, np.int64)
        for row in np.ndindex(rows.shape[:-1]):
            found[row] = xp.searchsorted(rows[row], values[row], side=place)
    return new_tensor(xp.asarray(found, dtype=np.int32 if out_int32 else np.int64))


def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False  # noqa: A002
) -> Tensor:  # fmt: skip
    """The number of the bucket each value falls in; right: does a boundary close its bucket?"""
    if not isinstance(boundaries, tape.TENSOR) or boundaries.ndim != 1:
        raise ValueError(f"bucketize: boundaries are a vector (got {boundaries!r})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Which elements occur among the test elements"""
    pair = (elements, test_elements)
    given = [x for x in pair if isinstance(x, tape.TENSOR)]
    plain = all(isinstance(x, (int, float, tape.TENSOR)) for x in pair)
    if not given or not plain or any(x.dtype.kind == "b" for x in given):
        raise TypeError(f"isin: expects Tensors of numbers, or one and a number (got {pair})")
    a, b = (getattr(v, "array", v) for v in pair)
    together("isin", elements=a, test_elements=b)
    return new_tensor(array_module(a, b).isin(a, b, invert=invert))
