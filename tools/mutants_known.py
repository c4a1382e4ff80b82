"""Mutants that survive, with the reason: mostly changes that mean the same as the original.

Each entry was looked at by a person: (file below ops/, the change as tools/mutants.py prints it) →
why no check can or should see it. The tests report an entry that no mutant matches any more.
"""

from __future__ import annotations

KNOWN: dict[tuple[str, str], str] = {}


def reason(file: str, text: str) -> str | None:
    """Why a mutant is known to survive; None for one that nobody has excused."""
    return KNOWN.get((file, text))
