"""What a summary holds, and how it is printed in 80 columns."""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

from .field import Span
from .words import number, sizes

_TITLES = (
    "Layer", "Output shape", "Parameters", "Mult-add", "Memory", "Field", "Jump", "Pad",
)  # fmt: skip
_WIDTHS = (19, 14, 11, 8, 8, 5, 4, 4)  # 80 with the spaces between them
_LEFT = 2  # so many columns begin at the left, the numbers end at the right


class Row(NamedTuple):
    """One call of one module.

    parameters: those that the module holds itself, 0 for what an earlier row has counted.
    multiply_adds: of convolutions and linear layers that its own forward calls (biases not
    counted). memory: bytes of the outputs of all ops that its own forward calls, 0 for what shares
    memory with an earlier one. field: for each axis of the image which stretch of it the output has
    seen, None where all of it; None altogether where that is not known. arithmetic: how the numbers
    come about.
    """

    name: str
    kind: str
    depth: int
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    memory: int
    field: tuple[Span | None, ...] | None = None
    arithmetic: tuple[str, ...] = ()

    @property
    def receptive_field(self) -> tuple[int | None, ...]:
        """(height, width) in pixels of the image, None where it is the whole image."""
        return tuple(None if span is None else -int(-span.size // 1) for span in self.field or ())

    @property
    def label(self) -> str:
        text = f"{self.name} ({self.kind})" if self.name else self.kind
        return "  " * self.depth + text


class Summary(NamedTuple):
    """Rows in the order in which the modules were called, and totals for the whole model."""

    rows: list[Row]
    input_shape: tuple[int, ...]
    parameters: int
    trainable: int
    unused: int  # parameters of modules that forward did not call
    parameter_memory: int

    @property
    def multiply_adds(self) -> int:
        """Of one forward pass with that input."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all outputs together, which training keeps until backward."""
        return sum(row.memory for row in self.rows)

    def folded(self, depth: int) -> Summary:
        """Without the rows below a depth: the last row above them stands for them."""
        rows: list[Row] = []
        for row in self.rows:
            if row.depth <= depth:
                rows.append(row)
                continue
            last = rows[-1]
            rows[-1] = last._replace(
                parameters=last.parameters + row.parameters,
                multiply_adds=last.multiply_adds + row.multiply_adds,
                memory=last.memory + row.memory,
            )
        return self._replace(rows=rows)

    def __repr__(self) -> str:
        return (
            f"Summary({len(self.rows)} rows, parameters={self.parameters:,}, "
            f"multiply_adds={self.multiply_adds:,})"
        )

    def __str__(self) -> str:
        return self.text()

    def text(self, arithmetic: bool = False) -> str:
        """The table; with the arithmetic of each layer below its row."""
        lines = [_line(_TITLES), "-" * 80]
        for row in self.rows:
            lines.append(_line(_cells(row)))
            for told in row.arithmetic if arithmetic else ():
                indent = "  " * (min(row.depth, 6) + 1)
                lines += textwrap.wrap(
                    told, 80, initial_indent=indent, subsequent_indent=indent + "  "
                )
        lines += ["-" * 80, f"Input {sizes(self.input_shape)}", *self._totals()]
        return "\n".join(lines)

    def _totals(self) -> list[str]:
        frozen = self.parameters - self.trainable
        lines = textwrap.wrap(
            f"Parameters: {self.parameters:,} ({self.trainable:,} trainable, {frozen:,} frozen), "
            f"{_bytes(self.parameter_memory)}", 80, subsequent_indent="  ",
        )  # fmt: skip
        lines.append(
            f"Multiply-adds: {self.multiply_adds:,}; memory of outputs: {_bytes(self.memory)}"
        )
        if self.unused:
            lines.append(f"Parameters that forward did not reach: {self.unused:,}")
        if any(row.field for row in self.rows):
            lines += [
                "Field: pixels of the image that an output has seen (whole: all of them; *: the",
                "larger of two sides). Jump: pixels from one output to the next. Pad: pixels",
                "before the image's first that the first output's field begins with.",
            ]
        return lines


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.label, sizes(row.output_shape), f"{row.parameters:,}", _short(row.multiply_adds),
        _bytes(row.memory), *_field(row.field),
    )  # fmt: skip


def _field(field: tuple[Span | None, ...] | None) -> tuple[str, str, str]:
    """Receptive field, jump and padding; the larger of two sides that differ has a star."""
    if not field:
        return "–", "–", "–"
    if None in field:
        return "whole", "–", "–"
    spans: list[Any] = list(field)
    return (
        _larger([-(-span.size // 1) for span in spans]),
        _larger([span.jump for span in spans]),
        _larger([-span.start for span in spans]),
    )


def _larger(values: list[Any]) -> str:
    return number(max(values)) + ("*" if len(set(values)) > 1 else "")


def _line(cells: tuple[str, ...]) -> str:
    """One line; what is too long is cut."""
    texts = []
    for k, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        cut = cell if len(cell) <= width else cell[: width - 1] + "…"
        texts.append(cut.ljust(width) if k < _LEFT else cut.rjust(width))
    return " ".join(texts).rstrip()


def _short(value: int) -> str:
    """1234567 → 1.23 M."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            return f"{value / size:.2f} {unit}"
    return str(value)


def _bytes(value: int) -> str:
    """1536 → 1.5 KiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= size:
            amount = value / size
            return f"{amount:.0f} {unit}" if amount >= 99.95 else f"{amount:.1f} {unit}"
    return f"{value} B"
