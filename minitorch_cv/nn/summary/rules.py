"""What each op does to receptive fields: a rule for every op that moves pixels about.

An op without a rule works element by element if its output is as large as its inputs, broadcast;
else all of the image counts as seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ops.pool.view import adaptive_size
from ...ops.reduce.axes import resolve_axes
from .field import Field, Span, together
from .windows import Step, step_of


class Call(NamedTuple):
    """One call of an op: its inputs, the field of each (None for constants), and its output."""

    op: str
    arrays: Sequence[Any]
    fields: Sequence[Field | None]
    params: dict[str, Any]
    shape: tuple[int, ...]

    @property
    def field(self) -> Field:
        """That of the first input, which has as many axes."""
        first = self.fields[0]
        return (None,) * np.ndim(self.arrays[0]) if first is None else first


def field_after(call: Call) -> Field | None:
    """The field of the output; None where no input knows of an image."""
    if all(field is None for field in call.fields):
        return None
    rule = RULES.get(call.op)
    return _element_by_element(call) if rule is None else rule(call)


def _element_by_element(call: Call) -> Field:
    known = [(f, a.shape) for f, a in zip(call.fields, call.arrays, strict=True) if f is not None]
    if not all(_goes_into(shape, call.shape) for _, shape in known):
        return _lost(call)
    return together(known, call.shape)


def _goes_into(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Can an array of that shape be broadcast to the whole?"""
    tail = whole[len(whole) - len(shape) :]
    return len(shape) <= len(whole) and all(
        size in (1, full) for size, full in zip(shape, tail, strict=True)
    )


def _lost(call: Call) -> Field:
    """Where each output comes from depends on values, or on more than can be told."""
    return (None,) * len(call.shape)


def steps_of(op: str, arrays: Any, params: dict[str, Any]) -> Step | None:
    """The windows of an op that has some."""
    return step_of(op, arrays, params) if op in _WINDOWS else None


def _windows(call: Call) -> Field:
    move = Span.spread if call.op == "conv_transpose" else Span.window
    step = step_of(call.op, call.arrays, call.params)
    moved = [
        span and move(span, along.kernel, along.stride, along.before, along.dilation)
        for span, along in zip(call.field[2:], step.axes, strict=True)
    ]
    return (None, None, *moved)


def _adaptive(call: Call) -> Field:
    """⌈…⌉ of the window's length, as some windows are one pixel longer; 1 × 1 sees it all."""
    old = call.arrays[0].shape[2:]
    new = adaptive_size(call.op, call.params["output_size"], old)
    answer = []
    for span, S, O in zip(call.field[2:], old, new, strict=True):
        longest = max(-(-(p + 1) * S // O) - p * S // O for p in range(O)) if O else S
        gone = span is None or (O <= 1 < S)
        answer.append(None if gone else span.resized(S, O, longest)._replace(start=span.start))  # type: ignore[union-attr]
    return (None, None, *answer)


_TAPS = {"nearest": 1, "nearest-exact": 1, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}


def _interpolate(call: Call) -> Field:
    taps = _TAPS.get(call.params["mode"], 6)
    answer = []
    for span, S, O in zip(call.field[2:], call.arrays[0].shape[2:], call.shape[2:], strict=True):
        wider = -(-S // O) if call.params.get("antialias") else 1
        answer.append(span and span.resized(S, O, min(taps * wider, S)))
    return (None, None, *answer)


def _pad(call: Call) -> Field:
    pads = call.params["pad"]
    ndim = len(call.field)
    before = {ndim - 1 - k: pads[2 * k] for k in range(len(pads) // 2)}
    return tuple(
        span and span.window(1, 1, before.get(axis, 0), 1) for axis, span in enumerate(call.field)
    )


def _reshape(call: Call) -> Field:
    """An axis stays one where its size and all sizes before it, multiplied, stay."""
    places: dict[tuple[int, int], int] = {}
    before = 1
    for axis, size in enumerate(call.shape):
        places.setdefault((before, size), axis)
        before *= size
    answer: list[Span | None] = [None] * len(call.shape)
    before = 1
    for span, size in zip(call.field, call.arrays[0].shape, strict=True):
        place = places.pop((before, size), None)
        if place is not None:
            answer[place] = span
        before *= size
    return tuple(answer)


def _permute(call: Call) -> Field:
    return tuple(call.field[axis] for axis in call.params["axes"])


def _concatenate(call: Call) -> Field:
    """Along channels the span of all; along the image itself the places are lost."""
    axis = call.params["axis"] % len(call.shape)
    known = [field for field in call.fields if field is not None]
    joined = together(((field, call.shape) for field in known), call.shape)
    return tuple(s and (s.whole() if k == axis else s) for k, s in enumerate(joined))


def _getitem(call: Call) -> Field:
    key = call.params["key"]
    parts = list(key) if isinstance(key, tuple) else [key]
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    spans, sizes = list(call.field), list(call.arrays[0].shape)
    answer: list[Span | None] = []
    axis = 0
    for part in parts:
        if part is Ellipsis:
            rest = len(spans) - taken
            answer += spans[axis : axis + rest]
            axis += rest
        elif part is None:
            answer.append(None)
        else:
            answer += _selected(spans[axis], sizes[axis], part)
            axis += 1
    return tuple(answer) if len(answer) == len(call.shape) else _lost(call)


def _selected(span: Span | None, size: int, part: Any) -> list[Span | None]:
    """What an index leaves of an axis."""
    if isinstance(part, (int, np.integer)):
        return []
    if span is None or not isinstance(part, slice):
        return [span and span.whole()]
    start, _, step = part.indices(size)
    return [span._replace(jump=span.jump * step, start=span.start + start * span.jump)]


def _strided(call: Call) -> Field:
    """Windows have two axes along one of the image: what becomes of them, no rule can know."""
    moves = [[axis for axis, step in enumerate(steps) if step] for steps in call.params["steps"]]
    taken = [axis for axes in moves for axis in axes]
    answer: list[Span | None] = []
    for steps, axes in zip(call.params["steps"], moves, strict=True):
        span = call.field[axes[0]] if len(axes) == 1 else None
        if span is not None:
            first, step = call.params["start"][axes[0]], steps[axes[0]]
            span = span._replace(jump=span.jump * step, start=span.start + first * span.jump)
            span = span.whole() if taken.count(axes[0]) > 1 else span
        answer.append(span)
    return tuple(answer)


def _reduced(call: Call) -> Field:
    """An axis that is summed over has been seen whole."""
    axes = resolve_axes(call.op, len(call.field), call.params.get("axis"))
    if len(call.shape) == len(call.field):
        return tuple(None if k in axes else span for k, span in enumerate(call.field))
    return tuple(span for k, span in enumerate(call.field) if k not in axes)


def _mixed(call: Call) -> Field:
    """Softmax, sums that run along an axis: every place has seen all of it."""
    axis = call.params.get("axis")
    axes = resolve_axes(call.op, len(call.field), axis)
    return tuple(
        span and (span.whole() if k in axes else span) for k, span in enumerate(call.field)
    )


def _linear(call: Call) -> Field:
    return (*call.field[:-1], None)[: len(call.shape)]


def _matmul(call: Call) -> Field:
    a, b = call.arrays
    if min(a.ndim, b.ndim) < 2:
        return _lost(call)
    rows = call.fields[0] or (None,) * a.ndim
    columns = call.fields[1] or (None,) * b.ndim
    lead = together(
        [(f[:-2], x.shape[:-2]) for f, x in zip(call.fields, (a, b), strict=True) if f],
        call.shape[:-2],
    )
    return (*lead, rows[-2], columns[-1])


def _batch_norm(call: Call) -> Field:
    return _all_places(call) if call.params.get("training") else call.field


def _all_places(call: Call) -> Field:
    return tuple(span and span.whole() for span in call.field)


def _layer_norm(call: Call) -> Field:
    first = len(call.field) - len(call.params["normalized_shape"])
    return tuple(s and (s.whole() if k >= first else s) for k, s in enumerate(call.field))


_WINDOWS = ("conv", "conv_transpose", "max_pool", "avg_pool")
_REDUCING = ("sum", "mean", "var", "std", "prod", "amax", "amin", "logsumexp", "norm", "max", "min")
RULES: dict[str, Callable[[Call], Field]] = {
    **dict.fromkeys(_WINDOWS, _windows),
    **dict.fromkeys(_REDUCING, _reduced),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum", "cumprod"), _mixed),
    **dict.fromkeys(("layer_norm", "rms_norm"), _layer_norm),
    **dict.fromkeys(("gather", "scatter", "scatter_add", "max_unpool"), _lost),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool"), _adaptive),
    "batch_norm": _batch_norm, "concatenate": _concatenate, "getitem": _getitem,
    "grid_sample": _all_places, "group_norm": _all_places, "interpolate": _interpolate,
    "linear": _linear, "local_response_norm": lambda call: call.field, "matmul": _matmul,
    "pad": _pad, "permute": _permute, "reshape": _reshape, "strided": _strided,
}  # fmt: skip
