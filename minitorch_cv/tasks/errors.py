"""The errors of a task that a user can mend: each is one clear line, never a traceback."""

from __future__ import annotations

import signal


class TaskError(Exception):
    """A task cannot go on; the message says what is wrong, what was got and what to do."""


class CheckpointError(TaskError):
    """A checkpoint is missing, damaged, or belongs to something else."""


class DivergedError(TaskError):
    """The loss or the parameters became NaN or infinite."""


class Interrupted(Exception):
    """A run stopped because a signal asked for it; what it had done is saved.

    signal: the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
