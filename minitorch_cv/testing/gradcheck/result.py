"""What a gradient check answers: a verdict, what was wrong, where, and why it may be."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..numeric import Difference
from .evidence import Diagnosis


class InputReport(NamedTuple):
    """The gradient of one input or parameter."""

    name: str
    shape: tuple[int, ...]
    verdict: str  # "PASS", "FAIL" or "UNDECIDED"
    max_error: float  # relative to the larger of both values, or to the gradient's usual size
    measured: int = 0  # elements compared one by one
    wrong: int = 0  # of these
    first: Difference | None = None  # the first wrong element
    worst: Difference | None = None
    where: str = ""  # in words: "only at the border"
    note: str = ""  # what else there is to say: a wrong shape, no dependence
    errors: np.ndarray | None = None  # |analytic − numeric| / size; NaN where not measured

    def __str__(self) -> str:
        text = f"the gradient of {self.name} is wrong"
        if self.note:
            text += f": {self.note}"
        if self.first is not None and self.worst is not None:
            text += f" in {self.wrong} of {self.measured} places"
            if self.wrong == 1:
                text += f" ({self.first})"
            else:
                text += f" (first {self.first}; worst {self.worst})"
        return text


@dataclass
class GradcheckResult:
    """The outcome of a gradient check. True as a bool where the verdict is PASS.

    verdict: "PASS", "FAIL" or "UNDECIDED"; reason: the sentence that goes with it.
    worst: the largest difference found; diagnoses: explanations, the likeliest first.
    inputs: one report for each input and parameter; kinks: elements where the slopes on both sides
    differ (they were moved off before the check went on); warnings: what the check did not see.
    """

    verdict: str
    what: str = "gradcheck"
    reason: str = ""
    worst: Difference | None = None
    diagnoses: list[Diagnosis] = field(default_factory=list)
    inputs: list[InputReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    kinks: list[Difference] = field(default_factory=list)
    evaluations: int = 0
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return self.verdict == "PASS"

    @property
    def first(self) -> Difference | None:
        """The first wrong element of the first wrong input."""
        return next((r.first for r in self.inputs if r.first is not None), None)

    @property
    def max_error(self) -> float:
        """The largest relative error of all inputs."""
        return max((r.max_error for r in self.inputs), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers, as JSON holds them."""
        return {
            "verdict": self.verdict,
            "what": self.what,
            "reason": self.reason,
            "first": _difference(self.first),
            "worst": _difference(self.worst),
            "diagnoses": [d._asdict() for d in self.diagnoses],
            "inputs": [_input(r) for r in self.inputs],
            "warnings": list(self.warnings),
            "kinks": [_difference(d) for d in self.kinks],
            "evaluations": self.evaluations,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        lines = [f"{self.verdict}  {self.what}"]
        if self.reason:
            lines += _wrapped(self.reason)
        for report in self.inputs:
            if report.verdict == "FAIL":
                lines += _failure(report)
        for d in self.diagnoses[:3]:
            lines += _wrapped(f"{d.kind} ({d.confidence:.0%} sure): {d.message}", "  ? ")
        for kink in self.kinks[:5]:
            lines += _wrapped(f"a kink, moved off: {kink}", "  ^ ")
        if len(self.kinks) > 5:
            lines.append(f"  ^ and {len(self.kinks) - 5} more kinks")
        for warning in self.warnings:
            lines += _wrapped(f"warning: {warning}", "  ! ")
        if self.verdict == "PASS":
            names = ", ".join(r.name for r in self.inputs)
            lines += _wrapped(f"{names}: largest relative error {self.max_error:.1e}, "
                              f"{self.evaluations} evaluations, {self.seconds:.2g} s")  # fmt: skip
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The text, and for each wrong input a picture of where its errors are."""
        parts = [f"<pre>{html.escape(str(self))}</pre>"]
        parts += [
            f"<div>{html.escape(r.name)}, relative errors (white 0, red 1, grey not measured)<br>"
            f"{picture(r.errors)}</div>"
            for r in self.inputs
            if r.verdict == "FAIL" and r.errors is not None and r.errors.size > 1
        ]
        return "".join(parts)

    def error_text(self) -> str:
        """One paragraph for an exception."""
        wrong = [r for r in self.inputs if r.verdict == "FAIL"]
        if not wrong:
            return f"{self.what}: {self.reason}" if self.what not in self.reason else self.reason
        text = f"{self.what}: {wrong[0]}"
        if len(wrong) > 1:
            text += f", and so is that of {', '.join(r.name for r in wrong[1:])}"
        if self.diagnoses:
            best = self.diagnoses[0]
            text += f"; {best.kind} ({best.confidence:.0%} sure): {best.message}"
            return text
        return text + "; look at the backward that computes it"


class GradcheckError(RuntimeError):
    """A gradient is wrong, or the check could not decide. `result` holds the whole report."""

    def __init__(self, message: str, result: GradcheckResult | None = None) -> None:
        super().__init__(message)
        self.result = result


class CannotCheckError(GradcheckError):
    """The function is none that can be checked; the message says why."""


def _wrapped(text: str, mark: str = "  ") -> list[str]:
    return textwrap.wrap(text, 80, initial_indent=mark, subsequent_indent="    ")


def _failure(report: InputReport) -> list[str]:
    lines = _wrapped(f"the gradient of {report.name} {report.shape} is wrong"
                     + (f": {report.note}" if report.note else ""))  # fmt: skip
    if report.first is not None:
        lines += _wrapped(f"first  {report.first}", "    ")
    if report.worst is not None and report.worst != report.first:
        lines += _wrapped(f"worst  {report.worst}", "    ")
    if report.measured:
        where = f": {report.where}" if report.where else ""
        lines += _wrapped(f"{report.wrong} of {report.measured} measured elements{where}", "    ")
    if report.errors is not None and report.errors.size > 1:
        lines += [f"    {row}" for row in drawing(report.errors)]
    return lines


def _difference(d: Difference | None) -> dict[str, Any] | None:
    if d is None:
        return None
    where = None if d.where is None else list(d.where)
    return {
        "place": d.place, "name": d.name, "where": where, "analytic": d.analytic,
        "numeric": d.numeric, "error": d.error, "kink": None if d.kink is None else list(d.kink),
        "verdict": d.verdict,
    }  # fmt: skip


def _input(r: InputReport) -> dict[str, Any]:
    return {
        "name": r.name, "shape": list(r.shape), "verdict": r.verdict, "max_error": r.max_error,
        "measured": r.measured, "wrong": r.wrong, "first": _difference(r.first),
        "worst": _difference(r.worst), "where": r.where, "note": r.note,
    }  # fmt: skip


# Pictures of the errors: the last two axes, the largest error over all the others.


def flattened(errors: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """At most rows × columns numbers: the largest error in each cell, NaN where none is known."""
    shape = errors.shape
    if errors.ndim > 2 and shape[-1] * shape[-2] > 1:
        plane = _largest(errors.reshape(-1, shape[-2], shape[-1]), 0)
    elif errors.ndim > 2:
        plane = errors.reshape(shape[0], -1)
    else:
        plane = np.atleast_2d(errors)
    for axis, most in ((0, rows), (1, columns)):
        if plane.shape[axis] > most:
            parts = np.array_split(plane, most, axis)
            plane = np.stack([_largest(p, axis) for p in parts], axis)
    return plane


def _largest(x: np.ndarray, axis: int) -> np.ndarray:
    known = np.isfinite(x)
    best = np.max(np.where(known, x, -1.0), axis)
    return np.where(known.any(axis), best, np.nan)


def drawing(errors: np.ndarray) -> list[str]:
    """Rows of letters: `.` right, `o` off, `#` wrong by half or more, blank not measured."""
    plane = flattened(errors, 12, 60)
    rows = []
    for line in plane:
        marks = [_mark(float(v)) for v in line]
        rows.append(" ".join(marks) if len(marks) <= 30 else "".join(marks))
    return [row.rstrip() for row in rows]


def _mark(error: float) -> str:
    if np.isnan(error):
        return " "
    return "." if error < 1e-6 else "o" if error < 0.49 else "#"


def picture(errors: np.ndarray) -> str:
    """A small inline SVG of the error map."""
    plane = flattened(errors, 32, 64)
    height, width = plane.shape
    cell = max(4, min(16, 320 // max(height, width)))
    squares = []
    for i in range(height):
        for j in range(width):
            v = plane[i, j]
            shade = 0 if np.isnan(v) else int(255 * (1 - min(1.0, float(v) ** 0.5)))
            colour = "#ccc" if np.isnan(v) else f"rgb(255,{shade},{shade})"
            squares.append(f'<rect x="{j * cell}" y="{i * cell}" width="{cell}" height="{cell}" '
                           f'fill="{colour}" stroke="#eee"/>')  # fmt: skip
    size = f'width="{width * cell}" height="{height * cell}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(squares)}</svg>'
