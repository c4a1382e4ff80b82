"""Indexing and its adjoint: `getitem` reads the selected elements, `scatter` adds them back.

    getitem:  y = x[key]          gx = scatter(gy): zeros of x's shape, gx[key] += gy
    scatter:  y = 0; y[key] += x  gx = getitem(gy)

key: NumPy's basic, advanced and boolean indices (arrays, no Tensors). An element that the key
selects twice receives both gradients. Verified by the op checks against loops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.device import device_of, together
from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .gather import SCATTER_ADD
from .places import flat_places


class Saved(NamedTuple):
    key: tuple[Any, ...]
    shape: tuple[int, ...]


def check(x: Array, *, key: Any) -> None:
    """Raises IndexError, as Python's sequences do, with the shape in the message."""
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        if hasattr(part, "shape") and device_of(part).type != "cpu":  # from the CPU it is sent
            together("getitem", tensor=x, index=part)
    axes = sum(_axes_taken(part) for part in parts)
    if axes > x.ndim:
        raise IndexError(f"getitem: too many indices (got {axes} for a tensor of shape {x.shape})")
    if Ellipsis in [part for part in parts if part is Ellipsis]:
        return
    axis = 0
    for part in parts:
        _check_bounds(part, axis, x.shape)
        axis += _axes_taken(part)


def _axes_taken(part: Any) -> int:
    """How many axes of x one member of the key selects from."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, (bool, np.bool_)):
        return 0
    if getattr(part, "dtype", None) == np.bool_:
        return part.ndim
    return 1


def _check_bounds(part: Any, axis: int, shape: tuple[int, ...]) -> None:
    if isinstance(part, (bool, np.bool_)):
        return
    if not isinstance(part, (int, np.integer)):
        if (
            getattr(part, "dtype", None) == np.bool_
            and part.shape != shape[axis : axis + part.ndim]
        ):
            raise IndexError(
                f"getitem: the boolean index has shape {part.shape}, but from axis {axis} on the "
                f"tensor of shape {shape} has {shape[axis : axis + part.ndim]}"
            )
        return
    if not -shape[axis] <= part < shape[axis]:
        raise IndexError(
            f"getitem: index {part} is out of range for axis {axis} of size {shape[axis]}"
        )


def forward(x: Array, *, key: Any) -> tuple[Array, Saved]:
    key = key if isinstance(key, tuple) else (key,)
    return x[key], Saved(key, x.shape)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (SCATTER(gy, key=saved.key, shape=saved.shape) if needs[0] else None,)


def reference(x: np.ndarray, *, key: Any) -> np.ndarray:
    places = np.arange(x.size).reshape(x.shape)[key]  # the flat place of each selected element
    flat = x.reshape(-1)
    y = np.zeros(places.shape, x.dtype)
    for where in np.ndindex(places.shape):
        y[where] = flat[places[where]]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(4, 3, 5))
    mask = np.zeros((4, 3), bool)
    mask[[0, 2, 3], [1, 0, 2]] = True
    keys: dict[str, Any] = {
        "integer": 2,
        "negative integer": (slice(None), -1),
        "slice with step": (slice(None, None, 2), slice(2, 0, -1)),
        "ellipsis and new axis": (Ellipsis, None, slice(1, 4)),
        "integer array, element taken twice": np.array([1, 1, 3]),
        "two integer arrays": (np.array([0, 3, 3]), np.array([2, 0, 0])),
        "arrays broadcast": (np.array([[0], [2]]), slice(None), np.array([1, 1, 4])),
        "boolean mask": mask,
        "empty result": slice(4, 4),
    }
    for label, key in keys.items():
        yield Sample((x,), {"key": key}, label)


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(2, 3))
    yield ErrorSample((x,), {"key": 2}, IndexError, "index 2 is out of range for axis 0 of size 2")
    yield ErrorSample((x,), {"key": (0, 0, 0)}, IndexError, "too many indices (got 3")
    yield ErrorSample((x,), {"key": np.zeros(3, bool)}, IndexError, "boolean index has shape (3,)")


def scatter(x: Array, *, key: Any, shape: tuple[int, ...]) -> tuple[Array, Saved]:
    xp = array_module(x)
    key = key if isinstance(key, tuple) else (key,)
    here = tuple(xp.asarray(k) if isinstance(k, np.ndarray) else k for k in key)
    repeats = any(map(_may_repeat, here))
    if repeats and device_of(x).type != "cpu":
        places = flat_places(here, shape, xp)
        values = xp.reshape(xp.broadcast_to(x, places.shape), (-1,))
        total = SCATTER_ADD(values, xp.reshape(places, (-1,)), size=math.prod(shape))
        return xp.reshape(total, shape), Saved(key, shape)
    y = xp.zeros(shape, dtype=x.dtype)
    if repeats:
        xp.add.at(y, here, x)
    else:
        y[here] = x
    return y, Saved(key, shape)


def _may_repeat(part: Any) -> bool:
    """May this member of a key select an element twice? Integers, slices and masks do not."""
    if part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)):
        return False
    return getattr(part, "dtype", None) != np.bool_


def scatter_backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (OP(gy, key=saved.key) if needs[0] else None,)


def scatter_reference(x: np.ndarray, *, key: Any, shape: tuple[int, ...]) -> np.ndarray:
    places = np.arange(int(np.prod(shape))).reshape(shape)[key]
    y = np.zeros(shape, x.dtype)
    flat = y.reshape(-1)
    for where in np.ndindex(places.shape):
        flat[places[where]] += x[where]
    return y


def scatter_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in samples(rng):
        x, key = sample.arrays[0], sample.params["key"]
        params = {"key": key, "shape": x.shape}
        yield Sample((rng.normal(size=x[key].shape),), params, sample.label)


OP = Op(
    "getitem", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples, view=True,
)  # fmt: skip
SCATTER = Op(
    "scatter", scatter, scatter_backward, Saved, reference=scatter_reference,
    samples=scatter_samples,
)  # fmt: skip
