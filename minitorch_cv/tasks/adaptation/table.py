"""The comparison as numbers: rows, a Markdown table, a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...backend.atomic import write_atomically
from .picture import draw


class Row(NamedTuple):
    """One run: accuracy in [0, 1], and seconds including the test."""

    method: str
    per_class: int
    seed: int
    accuracy: float
    seconds: float


class Comparison(NamedTuple):
    """All runs; classes: of the data; tested: how many test images."""

    rows: tuple[Row, ...]
    classes: int
    tested: int

    @property
    def methods(self) -> list[str]:
        """The methods, in the order of the rows."""
        return list(dict.fromkeys(row.method for row in self.rows))

    @property
    def per_class(self) -> list[int]:
        """The numbers of examples, rising."""
        return sorted({row.per_class for row in self.rows})

    def accuracies(self, method: str, per_class: int) -> np.ndarray:
        """Of one cell of the table: one for each seed."""
        return np.array([
            row.accuracy for row in self.rows
            if row.method == method and row.per_class == per_class
        ])  # fmt: skip

    def markdown(self) -> str:
        """A table of accuracies in %: mean over the seeds ± their deviation."""
        methods = self.methods
        lines = [
            f"| examples per class | {' | '.join(methods)} |",
            "| ---: |" + " ---: |" * len(methods),
        ]
        for count in self.per_class:
            cells = [_cell(self.accuracies(method, count)) for method in methods]
            lines.append(f"| {count} | {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def csv(self) -> str:
        """Every run on a line of its own."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in self.rows:
            writer.writerow([*row[:3], f"{row.accuracy:.4f}", f"{row.seconds:.2f}"])
        return text.getvalue()

    def write(self, folder: str | os.PathLike[str], title: str = "") -> list[Path]:
        """Writes adaptation.md, adaptation.csv and adaptation.png; answers their paths.

        Raises TaskError where matplotlib, which draws the picture, is missing.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = [place / f"adaptation.{end}" for end in ("md", "csv", "png")]
        write_atomically(files[0], self.markdown().encode())
        write_atomically(files[1], self.csv().encode())
        curves = {
            method: [self.accuracies(method, count) for count in self.per_class]
            for method in self.methods
        }
        write_atomically(files[2], draw(curves, self.per_class, 1 / self.classes, title))
        return files


def _cell(shares: np.ndarray) -> str:
    if len(shares) == 0:
        return "–"
    if len(shares) == 1:
        return f"{100 * shares[0]:.1f}"
    return f"{100 * shares.mean():.1f} ± {100 * shares.std(ddof=1):.1f}"
