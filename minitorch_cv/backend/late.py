"""Judging values that lie on a device without waiting for it.

Whether labels are in range can only be seen by looking at them, and looking makes the host wait
until the device has caught up. So on a device the question is put and not answered: the answer, a
single boolean, stays there, and is looked at when the host waits for that device anyway (`item`,
`tolist`, `.cpu()`, `cuda.synchronize()`). A mistake is then told late, with the words that it would
have had at once.

    with judged_at_once(): ...     # or MINITORCH_CV_JUDGE_AT_ONCE=1: each call waits, and is blamed
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import capturing
from .library import Array, beside, library_of

RECENT = 16  # questions that are kept apart, so that the one that failed can be named
_at_once = os.environ.get("MINITORCH_CV_JUDGE_AT_ONCE") == "1"


class _Asked(NamedTuple):
    """bad: the answer, on the device; complain: raises the error."""

    bad: Array
    complain: Callable[[], None]


class _Questions:
    """Those put to one device since its last answer. bad: is the answer to any of them yes?"""

    def __init__(self) -> None:
        self.bad: Array = None
        self.recent: deque[_Asked] = deque(maxlen=RECENT)


_open: dict[tuple[str, int], _Questions] = {}


def judge(values: Array, is_bad: Callable[[], Array], complain: Callable[[], None]) -> None:
    """Calls `complain`, which raises, if any element of is_bad() holds: at once, or later.

    values: what is judged; at once where they lie on the CPU, later where they lie on a device.
    """
    if capturing.current is not None:  # no values yet; the steps before have been judged
        return
    library = library_of(values)
    if library is None or library.name == "cpu" or _at_once:
        if is_bad().any():
            complain()
        return
    place = library.name, library.index_of(values)
    questions = _open.setdefault(place, _Questions())
    with beside(values):
        bad = is_bad().any()
        questions.bad = bad if questions.bad is None else questions.bad | bad
    questions.recent.append(_Asked(bad, complain))


def raise_late(array: Array) -> None:
    """Called before the host reads `array`: raises what the judging of its device has found.

    Raises what the judged function would have raised. Each mistake is told once.
    """
    if not _open:
        return
    library = library_of(array)
    if library is not None and library.name != "cpu":
        raise_late_on(library.name, library.index_of(array))


def raise_late_on(name: str, index: int) -> None:
    """The same for a device, which the host waits for."""
    questions = _open.pop((name, index), None)
    if questions is None or not bool(questions.bad):
        return
    for asked in questions.recent:
        if bool(asked.bad):
            asked.complain()
    raise ValueError(
        f"{name}: a label was out of range, more than {RECENT} calls ago; run again with "
        "MINITORCH_CV_JUDGE_AT_ONCE=1 to see in which"
    )


def forget(name: str) -> None:
    """Drops what was asked on the devices of a name (for tests, whose devices come and go)."""
    for place in [place for place in _open if place[0] == name]:
        del _open[place]


@contextlib.contextmanager
def judged_at_once(wanted: bool = True) -> Iterator[None]:
    """Inside the `with` block every call that judges values on a device waits for it."""
    global _at_once
    before, _at_once = _at_once, wanted
    try:
        yield
    finally:
        _at_once = before
