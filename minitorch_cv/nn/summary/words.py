"""The arithmetic of a layer as a student would write it down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .answers import cost
from .field import Span
from .rules import Call, steps_of
from .windows import Along, in_words


def sizes(shape: Sequence[int]) -> str:
    """(512, 1, 1) → 512×1×1."""
    return "×".join(map(str, shape))


def _product(numbers: Sequence[int]) -> str:
    """(6, 5, 5) → 6·5·5."""
    return "·".join(map(str, numbers)) or "1"


def arithmetic(call: Call) -> tuple[str, list[str]] | None:
    """(name of the op, lines) for convolutions, pooling and linear layers; None for others."""
    step = steps_of(call.op, call.arrays, call.params)
    if step is None:
        return (call.op, [_products(call)]) if call.op == "linear" else None
    lines = in_words(step)
    known = [span for span in call.field[2:] if span is not None and span.size != math.inf]
    if len(known) == len(step.axes) and call.op != "conv_transpose":
        told = [_field(*pair) for pair in zip(known, step.axes, strict=True)]
        lines += [told[0]] if len(set(told)) == 1 else told
    if call.op.startswith("conv"):
        lines.append(_products(call))
    return step.name, lines


def _field(span: Span, along: Along) -> str:
    """How receptive field, jump and padding follow from those before."""
    after = span.window(along.kernel, along.stride, along.before, along.dilation)
    wider = f"({along.kernel} − 1)·" + (f"{along.dilation}·" if along.dilation > 1 else "")
    jump, before = number(span.jump), -span.start
    return (
        f"field {number(span.size)} + {wider}{jump} = {number(after.size)}, jump {jump}·"
        f"{along.stride} = {number(after.jump)}, padding {number(before)} + {along.before}·{jump} "
        f"= {number(-after.start)}"
    )


def _products(call: Call) -> str:
    total = cost(call.op, call.arrays, call.shape)
    which = "input" if call.op == "conv_transpose" else "output"
    elements = call.arrays[0].shape if which == "input" else call.shape
    share = call.arrays[1].shape[-1:] if call.op == "linear" else call.arrays[1].shape[1:]
    lead = elements if elements[0] > 1 else elements[1:]
    return f"{_product(lead)} {which}s × {_product(share)} = {total:,} multiply-adds"


def parameters(module: Any, fresh: dict[int, int]) -> list[str]:
    """The parameters of a layer with weights that are counted here."""
    own = [p for p in module._parameters.values() if p is not None and id(p) in fresh]
    if not own or module._modules:
        return []
    return [f"{' + '.join(_product(p.shape) for p in own)} = {sum(fresh.values()):,} parameters"]


def number(value: Any) -> str:
    """A whole number as it is, else with a place or two."""
    return str(int(value)) if value == int(value) else f"{float(value):.2f}".rstrip("0")
