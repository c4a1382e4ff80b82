"""window_sum and its adjoint window_spread: what the average pools are made of.

    window_sum:     y[…, p, q] = Σ x[…, r, s] over r in spans[0][p], s in spans[1][q]
    window_spread:  y[…, r, s] += x[…, p, q] for r in spans[0][p], s in spans[1][q]

each the other's gradient, for any number of axes (two above). A window is a box, so one axis is
added up after the other: KH + KW additions for each element instead of KH · KW.

Shapes: (…, H, W) ↔ (…, OH, OW). spans: for each of the last axes the (start, stop) of its windows
in the image; start = stop is an empty window, whose sum is 0. size: (H, W).
Verified by the op checks against loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import Grads, Needs, Op, Sample

Sizes = tuple[int, ...]
Spans = tuple[tuple[int, int], ...]  # (start, stop) of each window along one axis


class Saved(NamedTuple):
    spans: tuple[Spans, ...]
    size: Sizes


def forward(x: Array, *, spans: tuple[Spans, ...]) -> tuple[Array, Saved]:
    xp = array_module(x)
    size = x.shape[x.ndim - len(spans) :]
    for axis, windows in enumerate(spans, x.ndim - len(spans)):
        y = xp.empty((*x.shape[:axis], len(windows), *x.shape[axis + 1 :]), dtype=x.dtype)
        down, out = xp.swapaxes(x, 0, axis), xp.swapaxes(y, 0, axis)  # the axis in front
        for p, (start, stop) in enumerate(windows):
            out[p] = xp.sum(down[start:stop], axis=0)
        x = y
    return x, Saved(spans, size)


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (WINDOW_SPREAD(gy, **saved._asdict()) if needs[0] else None,)


def _elements(spans: tuple[Spans, ...], place: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """All elements of the window at `place`."""
    window = [axis[p] for axis, p in zip(spans, place, strict=True)]
    for offset in np.ndindex(*[stop - start for start, stop in window]):
        yield tuple(span[0] + o for span, o in zip(window, offset, strict=True))


def reference(x: np.ndarray, *, spans: tuple[Spans, ...]) -> np.ndarray:
    lead = x.ndim - len(spans)
    y = np.zeros((*x.shape[:lead], *map(len, spans)), x.dtype)
    for where in np.ndindex(y.shape):
        for element in _elements(spans, where[lead:]):
            y[where] += x[where[:lead] + element]
    return y


_TILES: Any = (((0, 2), (2, 4)), ((0, 3), (3, 6)))
_CROSSING: Any = (((0, 3), (1, 4), (3, 5)), ((0, 1), (2, 4), (2, 4)))


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((rng.normal(size=(2, 1, 4, 6)),), {"spans": _TILES}, "tiles")
    yield Sample((rng.normal(size=(2, 5, 4)),), {"spans": _CROSSING}, "windows that cross")
    yield Sample((rng.normal(size=(2, 5)),), {"spans": _CROSSING[:1]}, "one axis")
    three = (*_CROSSING, ((1, 3), (0, 1)))
    yield Sample((rng.normal(size=(2, 5, 4, 3)),), {"spans": three}, "three axes")
    empty = (((1, 1),), ((0, 3),))
    yield Sample((rng.normal(size=(3, 4)).T,), {"spans": empty}, "no row")
    yield Sample((rng.normal(size=(0, 4, 6)),), {"spans": _TILES}, "empty batch")


class SpreadSaved(NamedTuple):
    spans: tuple[Spans, ...]


def spread(x: Array, *, spans: tuple[Spans, ...], size: Sizes) -> tuple[Array, SpreadSaved]:
    xp = array_module(x)
    for axis in range(x.ndim - 1, x.ndim - 1 - len(spans), -1):
        length, windows = size[axis - x.ndim], spans[axis - x.ndim]
        y = xp.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), dtype=x.dtype)
        down, out = xp.swapaxes(x, 0, axis), xp.swapaxes(y, 0, axis)  # the axis in front
        for p, (start, stop) in enumerate(windows):
            out[start:stop] += down[p]
        x = y
    return x, SpreadSaved(spans)


def spread_backward(gy: Array, saved: SpreadSaved, needs: Needs) -> Grads:
    return (OP(gy, **saved._asdict()) if needs[0] else None,)


def spread_reference(x: np.ndarray, *, spans: tuple[Spans, ...], size: Sizes) -> np.ndarray:
    lead = x.ndim - len(spans)
    y = np.zeros((*x.shape[:lead], *size), x.dtype)
    for where in np.ndindex(x.shape):
        for element in _elements(spans, where[lead:]):
            y[where[:lead] + element] += x[where]
    return y


def spread_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in samples(rng):
        (x,), spans = sample.arrays, sample.params["spans"]
        lead = x.ndim - len(spans)
        shape = (*x.shape[:lead], *map(len, spans))
        size = x.shape[lead:]
        yield Sample((rng.normal(size=shape),), {"spans": spans, "size": size}, sample.label)


OP = Op("window_sum", forward, backward, Saved, reference=reference, samples=samples)
WINDOW_SPREAD = Op(
    "window_spread", spread, spread_backward, SpreadSaved, reference=spread_reference,
    samples=spread_samples,
)  # fmt: skip
