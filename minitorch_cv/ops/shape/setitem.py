"""Assignment to selected elements, as a function: a copy of x in which y[key] = v.

    gx = gy, with zeros where v was written        gv = gy[key], summed to the shape of v

key: NumPy's indices; an element that an index array selects twice takes the last value, and its
gradient goes to that value alone. Verified by the op checks against loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.broadcast import broadcast_shapes, sum_to
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .getitem import OP as GETITEM


class Saved(NamedTuple):
    key: tuple[Any, ...]
    writer: Any  # for each element of x: the number of the value written there, 0 for none
    shape_v: tuple[int, ...]
    selected: tuple[int, ...]


def check(x: Array, v: Any, *, key: Any) -> None:
    if GETITEM.check is not None:
        GETITEM.check(x, key=key)
    selected = _number(x.shape)[_host(key)].shape
    given = getattr(v, "shape", ())
    if broadcast_shapes("setitem", given, selected) != selected:
        raise ValueError(
            f"setitem: a value of shape {given} does not fit the selected shape {selected}"
        )


def _number(shape: tuple[int, ...]) -> np.ndarray:
    """A cheap stand-in for an array of a shape: it can be indexed, and takes no memory."""
    return np.broadcast_to(np.zeros((), np.int8), shape)


def _host(key: Any) -> Any:
    """A key on the host that selects the same shape. Only masks have to be read for that."""
    if isinstance(key, tuple):
        return tuple(map(_host, key))
    if not hasattr(key, "get"):
        return key
    return key.get() if key.dtype == np.bool_ else np.zeros(key.shape, np.int64)


def forward(x: Array, v: Any, *, key: Any) -> tuple[Array, Saved]:
    xp = array_module(x)
    key = key if isinstance(key, tuple) else (key,)
    y = xp.array(x)
    y[key] = v
    selected = y[key].shape
    writer = xp.zeros(x.shape, dtype=np.int64)
    writer[key] = xp.arange(1, 1 + int(np.prod(selected))).reshape(selected)
    return y, Saved(key, writer, getattr(v, "shape", ()), selected)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    xp = array_module(gy)
    gx = gv = None
    if needs[0]:
        gx = xp.where(saved.writer > 0, xp.zeros_like(gy), gy)
    if needs[1]:
        read = GETITEM(gy, key=saved.key)
        numbers = xp.reshape(xp.arange(1, 1 + int(np.prod(saved.selected))), saved.selected)
        last = xp.equal(GETITEM(saved.writer, key=saved.key), numbers)
        gv = sum_to(xp.where(last, read, xp.zeros_like(read)), saved.shape_v)
    return gx, gv


def reference(x: np.ndarray, v: np.ndarray, *, key: Any) -> np.ndarray:
    y = np.zeros(x.shape, np.result_type(x, v))
    for where in np.ndindex(x.shape):
        y[where] = x[where]
    places = np.arange(x.size).reshape(x.shape)[key]
    full, flat = np.broadcast_to(v, places.shape), y.reshape(-1)
    for where in np.ndindex(places.shape):
        flat[places[where]] = full[where]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(4, 3))
    yield Sample((x, rng.normal(size=3)), {"key": 1}, "row")
    yield Sample((x, rng.normal(size=())), {"key": (slice(1, 3), slice(None))}, "one number")
    yield Sample((x, rng.normal(size=(2, 1))), {"key": np.array([3, 0])}, "broadcast over rows")
    twice = (np.array([2, 2]), np.array([1, 1]))
    yield Sample((x, rng.normal(size=2)), {"key": twice}, "written twice: the last value stays")
    yield Sample((x, rng.normal(size=(0, 3))), {"key": slice(4, 4)}, "empty")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(4, 3))
    yield ErrorSample((x, rng.normal(size=4)), {"key": 1}, ValueError, "setitem: shapes")
    yield ErrorSample(
        (x, rng.normal(size=(2, 3))), {"key": 1}, ValueError, "does not fit the selected shape (3,)"
    )


OP = Op(
    "setitem", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
