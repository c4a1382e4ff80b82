"""The largest number of every window and its place: what the two max-pools share.

A window is looked at element by element (tap by tap), all windows at once, in row-major order. A
challenger wins where it is larger than the best so far, or NaN: so the first of equals stays, and
the last NaN, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...backend.library import Array, array_module
from ..op import Grads, Needs
from ..shape.gather import SCATTER_ADD
from .window_sum import Sizes


class Saved(NamedTuple):
    indices: Array  # the place of each window's winner in its image, flat; (N, C, OH, OW)
    size: Sizes  # (H, W)
    empty: bool = False  # no window holds a pixel
    windows: Any = None  # how they lie, where a kernel's backward asks each pixel for its windows


def lowest(x: Array) -> Any:
    """The number that loses against all others of its dtype."""
    return -math.inf if x.dtype.kind == "f" else array_module(x).iinfo(x.dtype).min


def flat_places(xp: Any, places: Iterable[Array], size: Sizes) -> Array:
    """The flat places of a grid: places[0] · W + places[1] for rows and columns of an image."""
    flat = None
    for along, length in zip(places, size, strict=True):
        flat = along if flat is None else xp.expand_dims(flat, -1) * length + along
    return flat


def winners(x: Array, shape: tuple[int, ...], first: Array, taps: Iterable[Any]) -> Any:
    """(y, indices) of the given shape.

    first: the place of the first element of each window, which wins where all are −inf; (OH, OW).
    taps: (values, places) of one element of every window; values that must not win are `lowest`.
    """
    xp = array_module(x)
    best = xp.full(shape, lowest(x), dtype=x.dtype)
    indices = xp.array(xp.broadcast_to(first, shape))
    for values, places in taps:
        wins = (values > best) | (values != values)
        xp.copyto(best, values, where=wins)
        xp.copyto(indices, places, where=wins)
    return best, indices


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    """Each gradient goes to the element that won."""
    if not needs[0]:
        return (None,)
    xp = array_module(gy)
    (N, C, *_), S = gy.shape, math.prod(saved.size)
    indices = saved.indices
    if saved.empty:  # nobody won: the places lie outside the image, and nothing goes there
        gy, indices = xp.zeros_like(gy), xp.zeros_like(indices)
    count = math.prod(gy.shape[2:])
    flat, places = xp.reshape(gy, (N, C, count)), xp.reshape(indices, (N, C, count))
    return (xp.reshape(SCATTER_ADD(flat, places, size=S), (N, C, *saved.size)),)
