"""What docs/parity.md says about one row."""

from __future__ import annotations

from typing import Any

from .row import Row


def title_of(row: Row, package: str) -> str:
    """The heading of a row: the file in which its cases are made, in words."""
    name: str = _module(row).removeprefix(f"{package}.")
    return name.replace(".", ": ").replace("_", ": ", 1).replace("_", " ").capitalize()


def _module(row: Row) -> str:
    return row.cases.__module__


def line_of(row: Row, outcome: Any) -> str:
    """One line of the table."""
    reasons = [f"{count}: {reason}" for reason, count in sorted(outcome.left_out.items())]
    reasons += [row.note] if row.note else []
    text = "; ".join(reasons).replace("|", "\\|")
    return f"| `{row.name}` | {outcome.compared} | {outcome.raised} | {text} |"
