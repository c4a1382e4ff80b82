"""pad: rows, columns, … added around a tensor, or cut off where the number is negative.

    constant:   y = value outside x                    reflect:   y[−i] = x[i], without the edge
    replicate:  y = the nearest element of x           circular:  y[−i] = x[S − i], the other end
                                                         (of what is left after cutting off)

gx adds up, for each element of x, the gy of all its copies. Constant padding is its own adjoint:
gx = pad(gy) with all numbers negated.

Shapes: x (…, S, …) → (…, before + S + after, …). pad: (before, after) of the last axis, then of the
last but one, and so on, as PyTorch has it; (left, right, top, bottom) for images. At most S − 1 for
reflect and S for circular, on axes that are padded.
Raises: ValueError for numbers that do not fit, TypeError for ones that are no integers.
Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..op import ErrorSample, Grads, Needs, Op, Sample
from .getitem import SCATTER

_MODES = ("constant", "reflect", "replicate", "circular")


class Saved(NamedTuple):
    pad: tuple[int, ...]
    mode: str
    shape: tuple[int, ...]


class Piece(NamedTuple):
    """A stretch of y that is copied from x in one go: y[…, target, …] = x[…, source, …]."""

    source: slice  # one element, where it is repeated
    target: slice


def check(x: Array, *, pad: tuple[int, ...], mode: str = "constant", value: float = 0.0) -> None:
    if mode not in _MODES:
        raise ValueError(f"pad: mode is one of {', '.join(_MODES)} (got {mode!r})")
    if not all(isinstance(number, Integral) for number in pad):
        raise TypeError(f"pad: pad is a tuple of ints (got {pad!r})")
    if len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise ValueError(
            f"pad: pad holds (before, after) of the last axis, then of the last but one, … (got "
            f"{len(pad)} numbers {tuple(pad)} for x {x.shape}); use at most {2 * x.ndim}, in pairs"
        )
    if mode != "constant" and value:
        raise ValueError(f"pad: mode {mode!r} takes no value (got {value}); use mode='constant'")
    for axis, (before, after) in _by_axis(pad, x.ndim).items():
        _check_axis(x.shape, axis, before, after, mode)


def _check_axis(shape: tuple[int, ...], axis: int, before: int, after: int, mode: str) -> None:
    size, got = shape[axis], f"(got {before} and {after} on axis {axis} of shape {shape})"
    if size + before + after < 0 or size + min(before, 0) + min(after, 0) < 0:
        raise ValueError(f"pad: more is cut off than there is {got}; use smaller numbers")
    kept = size + min(before, 0) + min(after, 0)
    most = {"constant": None, "reflect": size - 1, "replicate": None, "circular": kept}[mode]
    if most is not None and max(before, after) > max(most, 0):
        raise ValueError(
            f"pad: mode {mode!r} adds at most {max(most, 0)} {got}; use smaller numbers or another "
            "mode"
        )
    if mode == "replicate" and size == 0 and max(before, after) > 0:
        raise ValueError(f"pad: an empty axis has no edge to repeat {got}; use mode='constant'")


def _by_axis(pad: tuple[int, ...], ndim: int) -> dict[int, tuple[int, int]]:
    """{axis: (before, after)} of the axes that change."""
    pairs = {ndim - 1 - k: (int(pad[2 * k]), int(pad[2 * k + 1])) for k in range(len(pad) // 2)}
    return {axis: ends for axis, ends in pairs.items() if ends != (0, 0)}


def forward(
    x: Array, *, pad: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> tuple[Array, Saved]:
    xp = array_module(x)
    saved = Saved(tuple(pad), mode, x.shape)
    axes = _by_axis(pad, x.ndim)
    if mode == "constant":
        shape, taken, given = list(x.shape), [slice(None)] * x.ndim, [slice(None)] * x.ndim
        for axis, (before, after) in axes.items():
            S = x.shape[axis]
            shape[axis] = before + S + after
            taken[axis] = slice(max(-before, 0), S - max(-after, 0))
            given[axis] = slice(max(before, 0), shape[axis] - max(after, 0))
        y = xp.full(shape, value, dtype=x.dtype)
        y[tuple(given)] = x[tuple(taken)]
        return y, saved
    y = xp.array(x) if not axes else x
    for axis, ends in axes.items():
        old, S = y, y.shape[axis]
        y = xp.empty((*old.shape[:axis], sum(ends) + S, *old.shape[axis + 1 :]), dtype=x.dtype)
        for source, target in _pieces(S, *ends, mode):
            y[_along(axis, target)] = old[_along(axis, source)]
    return y, saved


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (part,)


def _pieces(S: int, before: int, after: int, mode: str) -> list[Piece]:
    """The stretches that make up a padded axis; those cut off, wholly or in part, are left out."""
    stop = before + S + after  # of y
    low, high = max(-before, 0), S - max(-after, 0)  # what of x stays in the middle
    pieces = [Piece(slice(low, high), slice(max(before, 0), max(before, 0) + high - low))]
    if before > 0:
        source = {
            "reflect": slice(before, 0, -1),
            "replicate": slice(0, 1),
            "circular": slice(high - before, high),
        }[mode]
        pieces.append(Piece(source, slice(0, before)))
    if after > 0:
        source = {
            "reflect": slice(S - 2, S - 2 - after if after < S - 1 else None, -1),
            "replicate": slice(S - 1, S),
            "circular": slice(low, low + after),
        }[mode]
        pieces.append(Piece(source, slice(stop - after, stop)))
    return pieces


def backward(gy: Array, saved: Saved, needs: Needs) -> Grads:
    if not needs[0]:
        return (None,)
    if saved.mode == "constant":
        return (OP(gy, pad=tuple(-number for number in saved.pad)),)
    xp = array_module(gy)
    axes = _by_axis(saved.pad, gy.ndim)
    for axis, ends in reversed(axes.items()):
        S = saved.shape[axis]
        shape = (*gy.shape[:axis], S, *gy.shape[axis + 1 :])
        gx = None
        for source, target in _pieces(S, *ends, saved.mode):
            part = gy[_along(axis, target)]
            if saved.mode == "replicate" and gx is not None:  # the edges: one element, repeated
                part = xp.sum(part, axis=axis, keepdims=True)
            part = SCATTER(part, key=_along(axis, source), shape=shape)
            gx = part if gx is None else gx + part
        gy = gx
    return (gy,)


def reference(
    x: np.ndarray, *, pad: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> np.ndarray:
    ends = [(0, 0)] * x.ndim
    for k in range(len(pad) // 2):
        ends[-1 - k] = (pad[2 * k], pad[2 * k + 1])
    y = np.zeros([b + S + a for S, (b, a) in zip(x.shape, ends, strict=True)], x.dtype)
    for where in np.ndindex(y.shape):
        place = [i - b for i, (b, _) in zip(where, ends, strict=True)]
        inside = all(0 <= i < S for i, S in zip(place, x.shape, strict=True))
        for axis, S in enumerate(x.shape):
            if mode == "replicate":
                place[axis] = min(max(place[axis], 0), S - 1)
            elif mode == "circular":
                low, high = max(-ends[axis][0], 0), S - max(-ends[axis][1], 0)  # what is kept
                place[axis] = low + (place[axis] - low) % max(high - low, 1)
            elif mode == "reflect":
                place[axis] = abs(place[axis])
                place[axis] = min(place[axis], 2 * (S - 1) - place[axis])
        y[where] = value if mode == "constant" and not inside else x[tuple(place)]
    return y


def samples(rng: np.random.Generator) -> Iterable[Sample]:
    x = rng.normal(size=(2, 1, 4, 3))
    for mode in _MODES:
        yield Sample((x,), {"pad": (1, 2, 3, 0), "mode": mode}, f"{mode}, one corner")
        yield Sample((x,), {"pad": (2, 1, 1, 2), "mode": mode}, f"{mode}, all sides")
        yield Sample((x,), {"pad": (-1, 2, 0, -3), "mode": mode}, f"{mode}, cut off")
        yield Sample((x.T,), {"pad": (1, 1), "mode": mode}, f"{mode}, not contiguous")
        yield Sample((x[:0],), {"pad": (1, 0, 1, 1), "mode": mode}, f"{mode}, empty batch")
        yield Sample((x,), {"pad": (0, 0), "mode": mode}, f"{mode}, nothing to add")
    yield Sample((x,), {"pad": (1, 0, 0, 2, 1, 1, 0, 1), "value": -2.5}, "value, every axis")
    yield Sample((rng.normal(size=1),), {"pad": (2, 3), "mode": "replicate"}, "size 1")
    yield Sample((rng.normal(size=()),), {"pad": ()}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 3))

    def bad(words: str, pad: Any, mode: str = "constant", **params: Any) -> ErrorSample:
        return ErrorSample((x,), {"pad": pad, "mode": mode, **params}, ValueError, words)

    yield bad("pad: mode is one of constant, reflect, replicate", (1, 1), "zeros")
    yield bad("(got 3 numbers (1, 1, 1) for x (1, 2, 4, 3)); use at most 8, in pairs", (1, 1, 1))
    yield bad("(got 10 numbers", (1,) * 10)
    yield bad("more is cut off than there is (got -2 and -2 on axis 3", (-2, -2))
    yield bad("mode 'reflect' adds at most 2 (got 3 and 0 on axis 3", (3, 0), "reflect")
    yield bad("mode 'circular' adds at most 4 (got 0 and 5 on axis 2", (0, 0, 0, 5), "circular")
    yield bad("mode 'reflect' takes no value (got 1.0)", (1, 1), "reflect", value=1.0)
    yield ErrorSample((x,), {"pad": (1.0, 1)}, TypeError, "pad: pad is a tuple of ints")


OP = Op(
    "pad", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
