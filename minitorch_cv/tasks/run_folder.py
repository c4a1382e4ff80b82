"""The folder of a run: checkpoint.safetensors, metrics.jsonl, report.html."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..backend.atomic import write_atomically
from .errors import TaskError

CHECKPOINT, METRICS, REPORT = "checkpoint.safetensors", "metrics.jsonl", "report.html"


class RunFolder:
    """One run's folder. Metrics are one JSON object per line, written and flushed as they come."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.checkpoint = self.path / CHECKPOINT
        self.metrics = self.path / METRICS
        self.report = self.path / REPORT

    def holds_a_run(self) -> bool:
        """True where one of a run's three files lies here."""
        return any(file.exists() for file in (self.checkpoint, self.metrics, self.report))

    def create(self) -> None:
        """Makes the folder and tries to write to it. Raises TaskError where it cannot."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / ".writable", b"")
            (self.path / ".writable").unlink()
        except OSError as error:
            raise TaskError(
                f"train: cannot write to the folder {self.path} ({error.strerror or error}); "
                "choose another one with --out"
            ) from error

    def clear(self) -> None:
        """Removes the files of an earlier run."""
        for file in (self.checkpoint, self.metrics, self.report):
            file.unlink(missing_ok=True)

    def append(self, line: dict[str, Any]) -> None:
        """Adds one line to metrics.jsonl and flushes it."""
        with open(self.metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def rewrite(self, lines: Iterable[dict[str, Any]]) -> None:
        """Makes metrics.jsonl hold just these lines (what was written after a checkpoint goes)."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        write_atomically(self.metrics, text.encode())


def fresh_folder(path: str | os.PathLike[str]) -> RunFolder:
    """The folder `path`, or `path-2`, `path-3`, …: the first that holds no run yet."""
    folder = RunFolder(path)
    number = 2
    while folder.holds_a_run():
        folder = RunFolder(f"{os.fspath(path)}-{number}")
        number += 1
    return folder
