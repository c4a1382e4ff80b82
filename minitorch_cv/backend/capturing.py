"""Is the work of this moment being recorded into a CUDA graph, and what does a replay ask of us?

`cuda.graph` opens a `Capture` around the step that it records. Whatever the host decides in that
step is decided for good, so code whose answer changes from step to step asks here: it refuses, or
leaves behind what must be done on the host around each replay. Knows no CuPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Capture:
    """One step while it is recorded, and its host's half afterwards.

    guards: does what was recorded still hold? Else the step is recorded anew.
    before, after: called before and after each replay; undo: called where the recording fails.
    made: by their ids, the gradients that the step itself made, kept alive here.
    entry: by the ids of leaves, their gradients when the step began, as far as they were known.
    leaves: by their ids, the tensors that the step gave gradients.
    streams: by the ids of random generators, what the step draws from them.
    held: arrays that the step reads and nobody else may keep.
    """

    def __init__(self, leaves: dict[int, Any] | None = None) -> None:
        self.leaves = dict(leaves or {})
        self.entry = {key: leaf.grad for key, leaf in self.leaves.items()}
        self.judged: set[int] = set()
        self.guards: list[Callable[[], bool]] = []
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.undo: list[Callable[[], None]] = []
        self.made: dict[int, Any] = {}
        self.streams: dict[int, Any] = {}
        self.held: list[Any] = []

    def __enter__(self) -> Capture:
        global current
        if current is not None:
            raise RuntimeError("cuda.graph: a step that is recorded cannot record another one")
        current = self
        return self

    def __exit__(self, *exc: object) -> None:
        global current
        current = None

    def holds(self) -> bool:
        """Can the recorded step be repeated as it is?"""
        return all(guard() for guard in self.guards)


current: Capture | None = None
seen: dict[int, Any] | None = None  # while a step warms up: the tensors that it gives gradients


def refuse(what: str, instead: str) -> None:
    """Raises RuntimeError while a step is recorded: this would be repeated as it was this time."""
    if current is not None:
        raise RuntimeError(f"{what} inside a step for cuda.graph; {instead}")
