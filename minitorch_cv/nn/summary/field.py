"""Receptive fields: which stretch of the image each pixel of an array has seen.

Along one axis of the image, pixel p of an array has seen the pixels

    start + p · jump  …  start + p · jump + size − 1

A window of K pixels, D apart, S from one to the next, with P pixels of padding before the first:

    size' = size + (K − 1) D · jump        jump' = S · jump        start' = start − P · jump

Where paths meet (residual, inception, dense), the field is the span of all of them. −start is the
padding of the whole stack of layers up to there.

Source: A. Araujo, W. Norris, J. Sim, "Computing receptive fields of convolutional neural networks",
Distill 2019. Verified by the gradient of single output pixels, and by the table of that article.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

Number = int | Fraction


class Span(NamedTuple):
    """The fields along one axis of the image; size is infinite where all of it is seen."""

    axis: int
    size: Number | float = 1
    jump: Number = 1
    start: Number = 0

    def window(self, kernel: int, stride: int, before: int, dilation: int) -> Span:
        """After a sliding window."""
        return Span(
            self.axis,
            self.size + (kernel - 1) * dilation * self.jump,
            self.jump * stride,
            self.start - before * self.jump,
        )

    def spread(self, kernel: int, stride: int, before: int, dilation: int) -> Span:
        """After a transposed window: an output is reached by ⌈(D (K − 1) + 1) / S⌉ inputs."""
        reach = dilation * (kernel - 1) + 1
        first = -((reach - 1 - before) // stride)
        return Span(
            self.axis,
            self.size + (-(-reach // stride) - 1) * self.jump,
            Fraction(self.jump) / stride,
            self.start + first * self.jump,
        )

    def resized(self, old: int, new: int, taps: int) -> Span:
        """After resizing; taps: how many inputs an output is made of."""
        size = self.size + (taps - 1) * self.jump
        first = math.floor((Fraction(old, new) - 1) / 2) if taps > 1 else 0
        return Span(self.axis, size, self.jump * Fraction(old, new), self.start + first * self.jump)

    def whole(self) -> Span:
        """The same places, each of which has seen all of the axis."""
        return self._replace(size=math.inf)

    def joined(self, other: Span, count: int) -> Span:
        """What this path or another has seen, for `count` pixels."""
        ends = [
            other.start - self.start + p * (other.jump - self.jump) for p in {0, max(count - 1, 0)}
        ]
        low = min(0, *ends)
        high = max(self.size, *(end + other.size for end in ends))
        return Span(self.axis, high - low, self.jump, self.start + low)


# For each axis of an array the axis of the image that it lies along; an axis of the image that is
# missing has been seen whole.
Field = tuple[Span | None, ...]


def field_of_image(shape: Sequence[int]) -> Field:
    """(N, C, H, W): each pixel has seen itself. Features have no image."""
    return (None, None, *(Span(axis) for axis in range(len(shape) - 2)))[: len(shape)]


def by_axis(field: Field, axes: int) -> tuple[Span | None, ...]:
    """For each axis of the image its span, None where it is seen whole."""
    found: list[Span | None] = [None] * axes
    for span in field:
        if span is not None and span.size != math.inf:
            found[span.axis] = span
    return tuple(found)


def together(fields: Iterable[tuple[Field, Sequence[int]]], shape: Sequence[int]) -> Field:
    """The field of what is made of several arrays, broadcast; fields: each with its shape."""
    aligned = []
    for field, own in fields:
        lead = len(shape) - len(own)
        aligned.append((None,) * lead + tuple(
            span if size == full else None  # one number is repeated along the whole axis
            for span, size, full in zip(field, own, shape[lead:], strict=True)
        ))  # fmt: skip
    answer: list[Span | None] = []
    for place, spans in enumerate(zip(*aligned, strict=True)):
        first = next((span for span in spans if span is not None), None)
        for span in spans:
            if first is not None:
                fits = span is not None and span.axis == first.axis
                first = first.joined(span, shape[place]) if fits and span else first.whole()
        answer.append(first)
    return tuple(answer)
