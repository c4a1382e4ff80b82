"""Which elements a key with index arrays selects: their places in the flat array, as numbers.

`y[key] += x` is then `scatter_add` on the flat y, which has a kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...backend.library import Array


def flat_places(key: tuple[Any, ...], shape: tuple[int, ...], xp: Any) -> Array:
    """The place in an array of `shape`, counted through it, of each element of y[key]; int64.

    key: NumPy's indices, at least one of them an array or a list of integers; arrays of xp. Numbers
    below 0 count from the end, and those out of range go round, as where CuPy reads. A mask makes
    the host wait. Verified against NumPy's own indexing.
    """
    steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    met: Any = 0  # what the index arrays, broadcast with each other, say
    lines: list[Any] = []  # along each axis that is kept, how far its elements lie; None: a new one
    spots: list[int] = []  # where index arrays and integers stand in the key
    first = axis = 0  # first: how many axes are kept before the first of them
    for spot, part in enumerate(_with_all_axes(key, len(shape))):
        if part is Ellipsis:
            continue
        if part is None:
            lines.append(None)
        elif isinstance(part, slice):
            lines.append(xp.arange(*part.indices(shape[axis]), dtype="int64") * steps[axis])
            axis += 1
        else:
            first = first if spots else len(lines)
            spots.append(spot)
            if _is_truth(part):  # an axis of one element, or of none
                met = met + xp.zeros(int(part), dtype="int64")
                continue
            for numbers in _numbers(part, xp):
                met = met + numbers % max(shape[axis], 1) * steps[axis]
                axis += 1
    # Arrays side by side have their axes where they stand; arrays apart, before all others.
    return _summed(met, lines, first if spots[-1] - spots[0] < len(spots) else 0)


def _with_all_axes(key: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """The key with slices for the axes that it leaves out, behind its Ellipsis, or at its end."""
    taken = sum(_axes_of(part) for part in key)
    rest = [slice(None)] * (ndim - taken)
    at = next((k for k, part in enumerate(key) if part is Ellipsis), len(key))
    return (*key[: at + 1], *rest, *key[at + 1 :])


def _axes_of(part: Any) -> int:
    if part is None or part is Ellipsis or _is_truth(part):
        return 0
    return part.ndim if getattr(part, "dtype", None) == np.bool_ else 1


def _is_truth(part: Any) -> bool:
    """True or False, which select all or nothing."""
    return isinstance(part, bool) or (getattr(part, "dtype", None) == np.bool_ and part.ndim == 0)


def _numbers(part: Any, xp: Any) -> tuple[Any, ...]:
    """Integers, an array of them or a mask as numbers along each axis that they select from."""
    if isinstance(part, (int, np.integer)):
        return (int(part),)
    if getattr(part, "dtype", None) == np.bool_:
        return xp.nonzero(part)
    return (xp.asarray(part, dtype="int64"),)


def _summed(met: Array, lines: list[Any], first: int) -> Array:
    """met[i, …] + lines[0][j] + lines[1][k] + …, the axes of `met` from axis `first` on."""
    behind = len(lines) - first
    total = met.reshape((1,) * first + met.shape + (1,) * behind)
    for k, line in enumerate(lines):
        place = k if k < first else k + met.ndim
        if line is not None:
            total = total + line.reshape([-1 if j == place else 1 for j in range(total.ndim)])
    return total
