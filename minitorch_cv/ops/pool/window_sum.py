"""window_sum and its adjoint window_spread: what the average pools are made of.

    window_sum:     y[…, p, q] = Σ x[…, r, s] over r in rows[p], s in columns[q]    gx = spread(gy)
    window_spread:  y[…, r, s] += x[…, p, q] for r in rows[p], s in columns[q]      gx = sum(gy)

A window is a rectangle, so rows are added up first and then columns: KH + KW additions for each
element instead of KH · KW.

Shapes: (…, H, W) ↔ (…, OH, OW). rows, columns: (start, stop) of each window, OH and OW of them, in
the image; start = stop is an empty window, whose sum is 0. size: (H, W).
Verified by the op checks against loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import Pair
from ..op import Grads, Needs, Op, Sample

Spans = tuple[Pair, ...]


class Saved(NamedTuple):
    rows: Spans
    columns: Spans
    size: Pair


def forward(x: Array, *, rows: Spans, columns: Spans) -> tuple[Array, Saved]:
    xp = array_module(x)
    *lead, H, W = x.shape
    tall = xp.empty((*lead, len(rows), W), dtype=x.dtype)
    for p, (start, stop) in enumerate(rows):
        tall[..., p, :] = xp.sum(x[..., start:stop, :], axis=-2)
    y = xp.empty((*lead, len(rows), len(columns)), dtype=x.dtype)
    for q, (start, stop) in enumerate(columns):
        y[..., q] = xp.sum(tall[..., start:stop], axis=-1)
    return y, Saved(rows, columns, (H, W))


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    return (WINDOW_SPREAD(gy, **saved._asdict()) if needs[0] else None,)


def reference(x: np.ndarray, *, rows: Spans, columns: Spans) -> np.ndarray:
    y = np.zeros((*x.shape[:-2], len(rows), len(columns)), x.dtype)
    for where in np.ndindex(y.shape):
        *n, p, q = where
        for r in range(*rows[p]):
            for s in range(*columns[q]):
                y[where] += x[tuple(n) + (r, s)]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    tiles = {"rows": ((0, 2), (2, 4)), "columns": ((0, 3), (3, 6))}
    crossing = {"rows": ((0, 3), (1, 4), (3, 5)), "columns": ((0, 1), (2, 4), (2, 4))}
    yield Sample((rng.normal(size=(2, 1, 4, 6)),), tiles, "tiles")
    yield Sample((rng.normal(size=(2, 5, 4)),), crossing, "windows that cross")
    yield Sample((rng.normal(size=(3, 4)).T,), {"rows": ((1, 1),), "columns": ((0, 3),)}, "no row")
    yield Sample((rng.normal(size=(0, 4, 6)),), tiles, "empty batch")


class SpreadSaved(NamedTuple):
    rows: Spans
    columns: Spans


def spread(x: Array, *, rows: Spans, columns: Spans, size: Pair) -> tuple[Array, SpreadSaved]:
    xp = array_module(x)
    *lead, OH, _ = x.shape
    wide = xp.zeros((*lead, OH, size[1]), dtype=x.dtype)
    for q, (start, stop) in enumerate(columns):
        wide[..., start:stop] += x[..., q, None]
    y = xp.zeros((*lead, *size), dtype=x.dtype)
    for p, (start, stop) in enumerate(rows):
        y[..., start:stop, :] += wide[..., p, None, :]
    return y, SpreadSaved(rows, columns)


def spread_backward(gy: Array, saved: SpreadSaved, needs: Needs) -> Grads:
    return (OP(gy, **saved._asdict()) if needs[0] else None,)


def spread_reference(x: np.ndarray, *, rows: Spans, columns: Spans, size: Pair) -> np.ndarray:
    y = np.zeros((*x.shape[:-2], *size), x.dtype)
    for where in np.ndindex(x.shape):
        *n, p, q = where
        for r in range(*rows[p]):
            for s in range(*columns[q]):
                y[tuple(n) + (r, s)] += x[where]
    return y


def spread_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in samples(rng):
        (x,), params = sample.arrays, sample.params
        shape = (*x.shape[:-2], len(params["rows"]), len(params["columns"]))
        yield Sample((rng.normal(size=shape),), {**params, "size": x.shape[-2:]}, sample.label)


OP = Op("window_sum", forward, backward, Saved, reference=reference, samples=samples)
WINDOW_SPREAD = Op(
    "window_spread", spread, spread_backward, SpreadSaved, reference=spread_reference,
    samples=spread_samples,
)  # fmt: skip
