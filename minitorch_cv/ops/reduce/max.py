"""max and min along one axis, with the index of the element chosen.

    y, index = x.max(dim)       gx = gy at that index, 0 elsewhere

At ties the first element is chosen and takes the whole gradient. NaN wins.
Shapes: x (…, D, …) → y and index (int64) with the axis removed, or of size 1 with keepdims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .amax import judge_extremum


class Saved(NamedTuple):
    index: Array  # with the axis kept as size 1
    shape: tuple[int, ...]
    axis: int


def _extremum(name: str, arg: str, better: Callable[[Any, Any], bool]) -> Op:
    def forward(x: Array, *, axis: int, keepdims: bool = False) -> tuple[Any, Saved]:
        xp = array_module(x)
        axis = axis % max(x.ndim, 1)
        if x.ndim == 0:
            index = xp.zeros((), dtype=np.int64)
            return (xp.array(x), index), Saved(index, (), 0)
        index = xp.expand_dims(getattr(xp, arg)(x, axis=axis), axis)
        y = xp.take_along_axis(x, index, axis)
        out = (y, index) if keepdims else (xp.squeeze(y, axis), xp.squeeze(index, axis))
        return out, Saved(index, x.shape, axis)

    def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
        if not needs[0]:
            return (None,)
        if saved.shape == ():
            return (gy,)
        xp = array_module(gy)
        along = [1] * len(saved.shape)
        along[saved.axis] = saved.shape[saved.axis]
        places = xp.reshape(xp.arange(saved.shape[saved.axis]), tuple(along))
        kept = xp.reshape(gy, saved.index.shape)
        return (xp.where(xp.equal(places, saved.index), kept, 0 * kept),)

    def reference(x: np.ndarray, *, axis: int, keepdims: bool = False) -> np.ndarray:
        if x.ndim == 0:
            return x.copy()
        moved = np.moveaxis(x, axis, -1)
        y = np.zeros(moved.shape[:-1], x.dtype)
        for where in np.ndindex(y.shape):
            y[where] = moved[where][0]
            for value in moved[where]:
                if better(value.real, y[where].real):
                    y[where] = value
        return np.expand_dims(y, axis) if keepdims else y

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for shape, axis in (((3, 4), 0), ((2, 3, 4), -2), ((2, 1), 1), ((), 0), ((0, 3), 1)):
            x = rng.permutation(int(np.prod(shape))).reshape(shape) - 1.3  # no ties
            yield Sample((x,), {"axis": axis}, f"axis {axis} of {shape}")
        yield Sample(
            (rng.permutation(6).reshape(2, 3) * 0.7,), {"axis": 1, "keepdims": True}, "kept"
        )

    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        yield ErrorSample((np.zeros((2, 0)),), {"axis": 1}, IndexError, "extremum of nothing")
        yield ErrorSample((np.zeros((2, 3)),), {"axis": 2}, IndexError, "dim 2 does not exist")

    return Op(
        name, forward, backward, Saved, check=judge_extremum(name), reference=reference,
        samples=samples, error_samples=error_samples, extra_outputs=1,
    )  # fmt: skip


MAX = _extremum("max", "argmax", lambda new, old: new > old or new != new)
MIN = _extremum("min", "argmin", lambda new, old: new < old or new != new)
