"""resample: every output is a weighted sum of a few elements, axis after axis.

    y[…, o] = Σ_t weight[t, o] · x[…, index[t, o]]      gx = resample(gy), the table transposed

What interpolate is made of (nearest, linear, cubic, smoothing: all are a table of taps, see
taps.py), and its own adjoint. float16 is added up in float32.

Shapes: x (…, S₁, …, Sₙ) → (…, O₁, …, Oₙ). taps: a table for each of the last n axes, None for one
that stays as it is. Without weights (one tap that counts 1) x is of any dtype.
Verified by the op checks against loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import Grads, Needs, Op, Sample
from ..precision import widen
from .taps import Taps, taps_of, transposed

Tables = tuple[Taps | None, ...]


class Saved(NamedTuple):
    taps: Tables


def forward(x: Array, *, taps: Tables) -> tuple[Array, Saved]:
    xp = array_module(x)
    y = xp.array(widen(x))
    axes = {x.ndim - len(taps) + k: table for k, table in enumerate(taps) if table is not None}
    # The axis that shrinks most goes first: less is left to do for the others.
    for axis in sorted(axes, key=lambda axis: axes[axis].index.shape[1] / axes[axis].size):
        y = _along(y, axes[axis], axis)
    return y.astype(x.dtype, copy=False), Saved(taps)


def _along(x: Array, table: Taps, axis: int) -> Array:
    xp = array_module(x)
    index = xp.asarray(table.index)
    if table.weights is None:
        return xp.take(x, index[0], axis=axis)
    column = (len(index[0]), *(1,) * (x.ndim - 1 - axis))  # (O, 1, …), to go along the axis
    total = None
    for t, weights in enumerate(xp.asarray(table.weights, dtype=x.dtype)):
        part = xp.take(x, index[t], axis=axis) * xp.reshape(weights, column)
        if table.counts is not None and t >= table.counts.min():
            # A tap that is not there is not 0 · ∞ = NaN either.
            part = xp.where(xp.reshape(xp.asarray(table.counts), column) > t, part, 0)
        total = part if total is None else total + part
    return total


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (OP(gy, taps=tuple(map(transposed, saved.taps))) if needs[0] else None,)


def reference(x: np.ndarray, *, taps: Tables) -> np.ndarray:
    for k, table in enumerate(taps):
        if table is None:
            continue
        index, weights, counts = table.index, table.weights, table.counts
        old = np.moveaxis(x, k - len(taps), 0)
        new = np.zeros((index.shape[1], *old.shape[1:]), x.dtype)
        for t, o in np.ndindex(index.shape):
            if counts is not None and t >= counts[o]:
                continue
            new[o] += old[index[t, o]] * (1 if weights is None else weights[t, o])
        x = np.moveaxis(new, 0, k - len(taps))
    return x


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(2, 3, 4, 5))
    up, down = (taps_of("linear", 4, 7, None, False, False, "float64"),
                taps_of("cubic", 5, 3, None, False, True, "float64"))  # fmt: skip
    pick = taps_of("nearest", 5, 3, None, False, False, "float64")
    yield Sample((x,), {"taps": (up, down)}, "one axis grows, one shrinks")
    yield Sample((x,), {"taps": (None, pick)}, "one tap")
    for kind in ("nearest", "linear", "cubic"):
        both = tuple(taps_of(kind, S, 7, None, False, False, "float64") for S in (4, 5))
        yield Sample((x,), {"taps": both}, f"{kind} on both axes")
    yield Sample((x,), {"taps": (None, None)}, "nothing to do")
    yield Sample((x.transpose(1, 0, 3, 2),), {"taps": (down, None)}, "not contiguous")
    yield Sample((x[:0],), {"taps": (up, pick)}, "empty batch")
    index, weights = np.array([[0, 4], [0, 4]]), np.array([[0.5, 1.0], [2.0, 7.0]])
    twice = Taps(5, index, weights, np.array([2, 1]))
    yield Sample((x[0, 0],), {"taps": (twice,)}, "an element twice, some nowhere")


OP = Op("resample", forward, backward, Saved, reference=reference, samples=samples)
