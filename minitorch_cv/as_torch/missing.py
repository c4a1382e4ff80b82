"""What is not here: one error that names it, and the nearest names that are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_NEAREST = 3


class MissingAttribute(AttributeError):
    """`torch.name` is not in minitorch_cv; `hasattr` sees an AttributeError."""


class MissingModule(ModuleNotFoundError):
    """`import torch.name` is not in minitorch_cv; `except ImportError` catches it."""


def complaint(full_name: str, known: Iterable[str]) -> str:
    """`as_torch: torch.fft.rfft is not in minitorch_cv; the nearest names are …`

    known: full names that are answered. First come those that end in the same word.
    """
    known = sorted(known)
    home, _, last = full_name.rpartition(".")
    same = [name for name in known if name.rpartition(".")[2].lower() == last.lower()]
    beside = {name[len(home) + 1 :]: name for name in known if name.rpartition(".")[0] == home}
    like = difflib.get_close_matches(last, list(beside), MOST_NEAREST, 0.7)
    chosen = list(dict.fromkeys([*same, *(beside[name] for name in like)]))[:MOST_NEAREST]
    if not chosen:
        return f"as_torch: {full_name} is not in minitorch_cv (docs/as_torch.md lists what is)"
    noun = "names are" if len(chosen) > 1 else "name is"
    return f"as_torch: {full_name} is not in minitorch_cv; the nearest {noun} {', '.join(chosen)}"
