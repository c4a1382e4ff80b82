"""How a page of docs/ is written, or judged: is it as it would be written now?"""

from __future__ import annotations

import sys
from pathlib import Path


def write(page: Path, text: str, arguments: list[str]) -> int:
    """Writes the page; with `--check` it only says whether it is up to date. An exit status."""
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"docs/{page.name} is out of date: run `make docs`\n")
    return 1
