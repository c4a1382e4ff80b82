"""The measured part of a page of docs/, between two marks; all other text is written by hand."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
WIDTH = 118


def put(page: Path, text: str) -> None:
    """Puts text between the marks of a page, its paragraphs wrapped as the rest of it.

    Raises ValueError where it has no marks.
    """
    before, mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"{page}: the marks {BEGIN} and {END} are missing")
    lines = [textwrap.fill(line, WIDTH) if len(line) > WIDTH and line[0] not in "|!" else line
             for line in text.strip().splitlines()]  # fmt: skip
    page.write_text("\n".join([before + BEGIN, *lines, END + after]), encoding="utf-8")


def where(about: dict[str, Any], seconds: float) -> str:
    """One line: the machine, the threads, how long it took."""
    threads = about["threads"]
    return f"{about['cpu']}, {threads} thread{'s' * (threads > 1)}, {seconds / 60:.1f} minutes."
