"""pad: rows, columns, … added around a tensor, or cut off where the number is negative.

    constant:   y = value outside x                    reflect:   y[−i] = x[i], without the edge
    replicate:  y = the nearest element of x           circular:  y[−i] = x[S − i], the other end
                                                         (of what is left after cutting off)

gx adds up, for each element of x, the gy of all its copies. Constant padding is its own adjoint:
gx = pad(gy) with all numbers negated.

Shapes: x (…, S, …) → (…, before + S + after, …). pad: (before, after) of the last axis, then of the
last but one, and so on, as PyTorch has it; (left, right, top, bottom) for images. At most S − 1 for
reflect and S for circular, on axes that are padded. constant takes any number of axes and any
dtype; the other modes take 1 to 3 axes after a channel axis and, if there is one, a batch axis.
Raises: ValueError for numbers that do not fit, TypeError for ones that are no integers.
Verified by the op checks against loops, and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...backend.library import Array, array_module
from ..geometry import is_int
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
    if not isinstance(pad, (tuple, list)) or not all(map(is_int, pad)):
        raise TypeError(f"pad: pad is a tuple of ints (got {pad!r}); use e.g. pad=(1, 1)")
    if len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise ValueError(
            f"pad: pad holds (before, after) of the last axis, then of the last but one, … (got "
            f"{len(pad)} numbers {tuple(pad)} for x {x.shape}); use at most {2 * x.ndim}, in pairs"
        )
    if mode == "constant":
        _check_value(x, value)
    else:
        _check_mode(x, len(pad) // 2, mode, value)
    for axis, (before, after) in _by_axis(pad, x.ndim).items():
        _check_axis(x.shape, axis, before, after, mode)


def _check_value(x: Array, value: Any) -> None:
    """Raises TypeError for no number, ValueError for one that the dtype of x does not hold."""
    if not isinstance(value, (int, float, np.number)):
        raise TypeError(f"pad: value is a number (got {value!r}); use e.g. value=0.0")
    if x.dtype.kind == "b":
        return
    floating = x.dtype.kind == "f"
    held: Any = np.finfo(x.dtype) if floating else np.iinfo(x.dtype)
    fits = floating
    if math.isfinite(value):
        fits = bool(held.min <= (value if floating else int(value)) <= held.max)
    if not fits:
        raise ValueError(f"pad: value does not fit in {x.dtype} (got {value}); use x.double()")


def _check_mode(x: Array, n: int, mode: str, value: Any) -> None:
    """What all modes but the constant one ask for; n: how many axes are padded."""
    if value:
        raise ValueError(f"pad: mode {mode!r} takes no value (got {value}); use mode='constant'")
    if n not in (1, 2, 3) or x.ndim - n not in (1, 2):
        raise ValueError(
            f"pad: mode {mode!r} pads the last axis of 2 or 3, the last two of 3 or 4, or the last "
            f"three of 4 or 5 (got {2 * n} numbers for x {x.shape}); reshape x"
        )
    if mode == "circular":
        return
    if x.dtype.kind == "b":
        raise TypeError(f"pad: mode {mode!r} is for numbers (got {x.dtype}); use x.float()")
    if 0 in x.shape[x.ndim - n - 1 :]:
        raise ValueError(
            f"pad: mode {mode!r} copies elements, and there are none (got x {x.shape}); only the "
            "batch may be empty"
        )


def _check_axis(shape: tuple[int, ...], axis: int, before: int, after: int, mode: str) -> None:
    size, got = shape[axis], f"(got {before} and {after} on axis {axis} of shape {shape})"
    kept = size + min(before, 0) + min(after, 0)
    moves = mode in ("reflect", "replicate")  # these copy from where it was cut off, too
    if size + before + after < moves or (kept < 0 and not moves):
        raise ValueError(f"pad: more is cut off than there is {got}; use smaller numbers")
    most = {"reflect": size - 1, "circular": kept}.get(mode)
    if most is not None and max(before, after) > max(most, 0):
        raise ValueError(
            f"pad: mode {mode!r} adds at most {max(most, 0)} {got}; use smaller numbers or another "
            "mode"
        )


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
    """The stretches that make up a padded axis, x's own first; those cut off are left out."""
    start, stop = -before, S + after  # of y, counted from the first element of x
    low, high = max(start, 0), min(stop, S)  # what of x stays in the middle
    nothing = Piece(slice(0, 0), slice(0, 0))
    pieces = [Piece(slice(low, high), slice(low - start, high - start)) if low < high else nothing]
    left, right = min(stop, 0), max(start, S)  # where the part before x ends, that after it begins
    if start < left:
        source = {
            "reflect": slice(-start, -left, -1),
            "replicate": slice(0, 1),
            "circular": slice(high + start, high + left),
        }[mode]
        pieces.append(Piece(source, slice(0, left - start)))
    if right < stop:
        mirror = 2 * (S - 1)
        source = {
            "reflect": slice(mirror - right, mirror - stop if stop <= mirror else None, -1),
            "replicate": slice(S - 1, S),
            "circular": slice(low + right - S, low + stop - S),
        }[mode]
        pieces.append(Piece(source, slice(right - start, stop - start)))
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
        yield Sample((x[0].T,), {"pad": (0, 0, 1, 3), "mode": mode}, f"{mode}, not contiguous")
        yield Sample((x[:0],), {"pad": (1, 0, 1, 1), "mode": mode}, f"{mode}, empty batch")
        yield Sample((x[0],), {"pad": (0, 0), "mode": mode}, f"{mode}, nothing to add")
        yield Sample((x,), {"pad": (1, 0, 0, 2, 0, 0), "mode": mode}, f"{mode}, three axes")
    for mode in ("reflect", "replicate"):
        yield Sample((x[0, 0],), {"pad": (-4, 2), "mode": mode}, f"{mode}, cut off beyond the end")
        yield Sample((x[0, 0],), {"pad": (2, -4), "mode": mode}, f"{mode}, cut off to the start")
    yield Sample((x,), {"pad": (1, 0, 0, 2, 1, 1, 0, 1), "value": -2.5}, "value, every axis")
    yield Sample((x[0, :, :1, :1],), {"pad": (2, 3, 0, 1), "mode": "replicate"}, "size 1")
    yield Sample((x[:, :0],), {"pad": (1, 1, 0, 0), "mode": "circular"}, "no channels")
    yield Sample((rng.normal(size=()),), {"pad": ()}, "0-d")


def error_samples(rng: np.random.Generator) -> Iterable[ErrorSample]:
    x = rng.normal(size=(1, 2, 4, 3))

    def bad(words: str, pad: Any, mode: str = "constant", **params: Any) -> ErrorSample:
        error, array = params.pop("error", ValueError), params.pop("array", x)
        return ErrorSample((array,), {"pad": pad, "mode": mode, **params}, error, words)

    yield bad("pad: mode is one of constant, reflect, replicate", (1, 1), "zeros")
    yield bad("(got 3 numbers (1, 1, 1) for x (1, 2, 4, 3)); use at most 8, in pairs", (1, 1, 1))
    yield bad("(got 10 numbers", (1,) * 10)
    yield bad("more is cut off than there is (got -2 and -2 on axis 3", (-2, -2))
    yield bad("more is cut off than there is (got -4 and 4 on axis 3", (-4, 4))
    yield bad("more is cut off than there is", (-2, -1, 0, 0), "replicate")
    yield bad("mode 'reflect' adds at most 2 (got 3 and 0 on axis 3", (3, 0, 0, 0), "reflect")
    yield bad("mode 'circular' adds at most 4 (got 0 and 5 on axis 2", (0, 0, 0, 5), "circular")
    yield bad("mode 'reflect' takes no value (got 1.0)", (1, 1, 1, 1), "reflect", value=1.0)
    yield bad("mode 'replicate' pads the last axis of 2 or 3", (1, 1), "replicate")
    yield bad("(got 0 numbers for x (1, 2, 4, 3))", (), "circular")
    yield bad("mode 'reflect' pads the last axis of 2 or 3", (1,) * 8, "reflect")
    yield bad("there are none (got x (1, 0, 4, 3))", (1, 1, 0, 0), "reflect", array=x[:, :0])
    whole = np.ones((2, 3), np.int64)
    yield bad("is for numbers (got bool)", (1, 1), "reflect", array=whole > 0, error=TypeError)
    yield bad("value does not fit in uint8", (1, 1), value=300, array=whole.astype("uint8"))
    yield bad("value does not fit in int64", (1, 1), value=math.inf, array=whole)
    yield bad("value does not fit in float32", (1, 1), value=1e40, array=x.astype("float32"))
    yield bad("value is a number (got 'a')", (1, 1), value="a", error=TypeError)
    for wrong in ((1.0, 1), (True, 1), 1):
        yield bad("pad: pad is a tuple of ints", wrong, error=TypeError)


OP = Op(
    "pad", forward, backward, Saved, check=check, reference=reference, samples=samples,
    error_samples=error_samples,
)  # fmt: skip
