"""A chain of array steps on large arrays, block by block, so that what lies between two steps stays
in the processor's cache: memory is read once and written once, however long the chain is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...backend.library import Array, array_module

BLOCK = 16384  # elements: some 64 kB of float32 for each array, a few of which fit in the L2 cache


def in_blocks(step: Callable[..., Array], *arrays: Any) -> Array:
    """step(*arrays), element by element, of arrays of one shape.

    Only NumPy's contiguous arrays are cut up. A GPU runs each step as one launch, and a Tensor
    records each step once.
    """
    first = arrays[0]
    if math.prod(first.shape) <= BLOCK or not all(_plain(array, first.shape) for array in arrays):
        return step(*arrays)
    xp = array_module(first)
    flat = [xp.reshape(array, -1) for array in arrays]
    size = flat[0].shape[0]
    y = None
    for start in range(0, size, BLOCK):
        part = step(*(array[start : start + BLOCK] for array in flat))
        if y is None:
            y = xp.empty(size, part.dtype)
        y[start : start + BLOCK] = part
    return xp.reshape(y, first.shape)


def by_blocks(function: Callable[..., Array]) -> Callable[..., Array]:
    """function(xp, *arrays, **params), which takes large arrays block by block."""

    def run(xp: Any, *arrays: Any, **params: Any) -> Array:
        return in_blocks(lambda *parts: function(xp, *parts, **params), *arrays)

    return run


def _plain(array: Any, shape: tuple[int, ...]) -> bool:
    return array.__class__ is np.ndarray and array.shape == shape and bool(array.flags.c_contiguous)
