"""amax and amin: the largest and smallest value over some axes.

    gx = gy / t where x equals the extremum, which t elements share (ties divide the gradient)

Shapes as for sum. NaN wins. An empty reduction is an error: there is no largest value of nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..elementwise.table import like
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .axes import Axis, resolve_axes, spread
from .sum import reduction_samples


class Saved(NamedTuple):
    x: Array
    y: Array
    axes: tuple[int, ...]


def judge_extremum(op: str) -> Callable[..., None]:
    """The `check` of a reduction to an extremum: axes that exist and hold something."""

    def check(x: Array, *, axis: Axis = None, keepdims: bool = False) -> None:
        axes = resolve_axes(op, x.ndim, axis)
        if any(x.shape[k] == 0 for k in axes):
            raise IndexError(f"{op}: there is no extremum of nothing (got shape {x.shape})")

    return check


def _extremum(name: str, better: Callable[[Any, Any], bool]) -> Op:
    def forward(x: Array, *, axis: Axis = None, keepdims: bool = False) -> tuple[Array, Saved]:
        axes = resolve_axes(name, x.ndim, axis)
        y = getattr(array_module(x), name)(x, axis=axes, keepdims=keepdims)
        return y, Saved(x, y, axes)

    def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
        if not needs[0]:
            return (None,)
        x, axes = saved.x, saved.axes
        xp = array_module(gy)
        hit = like(xp.equal(x, spread(saved.y, x.shape, axes)), gy)  # 1 where x is extreme
        return (spread(gy, x.shape, axes) * hit / xp.sum(hit, axis=axes, keepdims=True),)

    def reference(x: np.ndarray, *, axis: Axis = None, keepdims: bool = False) -> np.ndarray:
        axes = resolve_axes(name, x.ndim, axis)
        kept = [1 if k in axes else s for k, s in enumerate(x.shape)]
        y: Any = np.full(kept, None, object)
        ties = np.ones(kept)
        for where in np.ndindex(x.shape):
            place = tuple(0 if k in axes else i for k, i in enumerate(where))
            if y[place] is None or better(x[where].real, y[place].real):
                y[place], ties[place] = x[where], 1
            elif x[where].real == y[place].real:  # the mean of those that tie, so far
                ties[place] += 1
                y[place] = y[place] + (x[where] - y[place]) / ties[place]
        y = y.astype(x.dtype)
        return y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes])

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield from reduction_samples(rng)
        yield Sample((np.array([[5.0, 2.0, 5.0], [1.0] * 3]),), {"axis": 1}, "ties", kink=True)
        tied = np.array([[2.0, -2.0], [-2.0, 2.0]])
        yield Sample((tied,), {}, "ties over all axes", kink=True)

    def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
        yield ErrorSample(
            (np.zeros((0, 3)),), {"axis": 0}, IndexError, f"{name}: there is no extremum of nothing"
        )

    return Op(
        name, forward, backward, Saved, check=judge_extremum(name), reference=reference,
        samples=samples, error_samples=error_samples,
    )  # fmt: skip


AMAX = _extremum("amax", lambda new, old: new > old or new != new)
AMIN = _extremum("amin", lambda new, old: new < old or new != new)
