"""One table: the members of an ensemble and all ways to combine them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...backend.atomic import write_atomically
from ..errors import TaskError
from ..evaluation.metrics import softmax
from .combining import COMBINATIONS
from .measures import calibration_error, disagreement, log_likelihood_loss


class Line(NamedTuple):
    """One row: error and calibration error (ECE, 15 bins) in [0, 1]; nll: −mean log p(true class).

    kind: "member" or "ensemble". nll and ece are None for votes, whose shares are no probabilities.
    """

    name: str
    kind: str
    wrong: int
    error: float
    nll: float | None
    ece: float | None


class Comparison(NamedTuple):
    """All rows; tested: how many images; apart: the mean disagreement of two members."""

    lines: tuple[Line, ...]
    tested: int
    apart: float

    def markdown(self) -> str:
        """The rows as a table."""
        head = ["| | error | wrong | NLL | ECE |", "| --- | ---: | ---: | ---: | ---: |"]
        return "\n".join(head + [f"| {' | '.join(_cells(line))} |" for line in self.lines]) + "\n"

    def text(self) -> str:
        """The rows in columns, for a terminal."""
        rows = [["", "error", "wrong", "NLL", "ECE"], *(_cells(line) for line in self.lines)]
        wide = [max(len(row[k]) for row in rows) for k in range(5)]
        return "\n".join(
            "  ".join([row[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(row[1:], wide[1:],
                                                                          strict=True))])
            for row in rows
        )  # fmt: skip

    def csv(self) -> str:
        """The rows with all digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Line._fields)
        writer.writerows(self.lines)
        return text.getvalue()

    def write(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes ensemble.md and ensemble.csv; answers their paths."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = [place / "ensemble.md", place / "ensemble.csv"]
        write_atomically(files[0], self.markdown().encode())
        write_atomically(files[1], self.csv().encode())
        return files


def compare_ensembles(
    members: Mapping[str, np.ndarray],
    labels: np.ndarray,
    others: Mapping[str, np.ndarray] | None = None,
) -> Comparison:
    """Every member, every combination of all members, and other networks beside them.

    members: name → logits (N, K) on the same images; labels (N,). others: name → logits of networks
    that came from the members in another way, such as the mean of their parameters.
    Raises TaskError for no members, no images, or shapes that differ.
    """
    if not members or len(labels) == 0:
        raise TaskError(
            f"ensemble: needs members and images (got {len(members)} members, {len(labels)} images)"
        )
    everyone = {**members, **(others or {})}
    shapes = {name: np.shape(scores) for name, scores in everyone.items()}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 2 or (
        next(iter(shapes.values()))[0] != len(labels)):  # fmt: skip
        raise TaskError(
            f"ensemble: logits are ({len(labels)}, K), one row for each label (got {shapes}); run "
            "all networks on the same images"
        )
    lines = [_line(name, "member", softmax(scores), labels) for name, scores in members.items()]
    if len(members) > 1:
        scores = list(members.values())
        lines += [_line(name, "ensemble", f(scores), labels) for name, f in COMBINATIONS.items()]
    lines += [_line(n, "ensemble", softmax(s), labels) for n, s in (others or {}).items()]
    pairs = disagreement(list(members.values()))[np.triu_indices(len(members), 1)]
    return Comparison(tuple(lines), len(labels), float(pairs.mean()) if len(pairs) else 0.0)


def _line(name: str, kind: str, chances: np.ndarray, labels: np.ndarray) -> Line:
    wrong = int((chances.argmax(axis=1) != labels).sum())
    votes = name == "majority vote"
    return Line(
        name, kind, wrong, wrong / len(labels),
        None if votes else log_likelihood_loss(chances, labels),
        None if votes else calibration_error(chances, labels),
    )  # fmt: skip


def _cells(line: Line) -> list[str]:
    nll = "–" if line.nll is None else f"{line.nll:.3f}"
    ece = "–" if line.ece is None else f"{100 * line.ece:.1f} %"
    return [line.name, f"{100 * line.error:.1f} %", str(line.wrong), nll, ece]
