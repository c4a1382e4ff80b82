"""Accuracies in words, and what happens when the one demanded was not reached."""

from __future__ import annotations

import sys


def percent(share: float) -> str:
    """0.9944 → "99.44 %"."""
    return f"{100 * share:.2f} %"


def below(accuracy: float, demanded: float | None) -> bool:
    """Says so on stderr, and answers True, when the accuracy demanded was not reached."""
    if demanded is None or 100 * accuracy >= demanded:
        return False
    print(f"minitorch-cv: error: the test accuracy is {percent(accuracy)}, below the "
          f"{demanded:g} % demanded by --min-accuracy", file=sys.stderr)  # fmt: skip
    return True
