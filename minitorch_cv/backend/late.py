"""Judging values that lie on a device without waiting for it.

Whether labels are in range can only be seen by looking at them, and looking makes the host wait
until the device has caught up. So on a device the question is put and not answered: the answer
stays there, and is looked at when the host waits for that device anyway (`item`, `tolist`,
`.cpu()`, `cuda.synchronize()`). A mistake is then told late, with the words that it would have had
at once.

The questions ("is any of these bad?") have numbers, and a device keeps RECENT of them: number n is
written to place n % RECENT where the answer is yes. So a "no" writes nothing, and nothing is ever
set back.

    with judged_at_once(): ...     # or MINITORCH_CV_JUDGE_AT_ONCE=1: each call waits, and is blamed
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import capturing
from .library import Array, ArrayLibrary, beside, library_of
from .registry import find_kernel

RECENT = 16  # questions that are kept apart, so that the one that failed can be named
IsBad = Callable[[Array], Array]
_at_once = os.environ.get("MINITORCH_CV_JUDGE_AT_ONCE") == "1"


@dataclass(slots=True)
class OutOfRange:
    """Which labels are neither in low … high − 1 nor `also` (None: no other)? A kernel can tell."""

    low: int
    high: int
    also: int | None = None

    def __call__(self, labels: Array) -> Array:
        outside = (labels < self.low) | (labels >= self.high)
        return outside if self.also is None else outside & (labels != self.also)


class _Questions:
    """Those put to one device.

    asked: how many; looked_at: how many of them the host knows the answers of.
    answers: (RECENT,) on the device, as above. recent: numbers, and what raises their errors.
    """

    def __init__(self, library: ArrayLibrary) -> None:
        self.library = library
        self.asked = self.looked_at = 0
        self.answers: Array = library.namespace.zeros(RECENT, dtype="int64")
        self.recent: deque[tuple[int, Callable[[], None]]] = deque(maxlen=RECENT)

    def put(self, values: Array, is_bad: IsBad, complain: Callable[[], None]) -> None:
        self.asked += 1
        self.recent.append((self.asked, complain))
        place = self.asked % RECENT
        if isinstance(is_bad, OutOfRange):
            kernel = find_kernel("labels", self.library.name)
            bounds = is_bad.low, is_bad.high
            if kernel is not None and kernel.takes(values, *bounds):
                kernel.judge(values, *bounds, is_bad.also, self.answers, place, self.asked)
                return
        bad, before = is_bad(values).any(), self.answers[place]
        self.answers[place] = self.library.namespace.where(bad, self.asked, before)

    def look(self) -> tuple[set[int], list[tuple[int, Callable[[], None]]]]:
        """The numbers of questions answered yes since the last look, and what is recent."""
        found = {n for n in self.library.to_numpy(self.answers).tolist() if n > self.looked_at}
        recent = list(self.recent)
        self.recent.clear()
        self.looked_at = self.asked
        return found, recent


_asked: dict[tuple[str, int], _Questions] = {}


def judge(values: Array, is_bad: IsBad, complain: Callable[[], None]) -> None:
    """Calls `complain`, which raises, if is_bad(values) holds anywhere: at once, or later.

    At once where the values lie on the CPU, later where they lie on a device.
    """
    if capturing.current is not None:  # no values yet; the steps before have been judged
        return
    library = library_of(values)
    if library is None or library.name == "cpu" or _at_once:
        if is_bad(values).any():
            complain()
        return
    place = library.name, library.index_of(values)
    with beside(values):
        if place not in _asked:
            _asked[place] = _Questions(library)
        _asked[place].put(values, is_bad, complain)


def raise_late(array: Array) -> None:
    """Called before the host reads `array`: raises what the judging of its device has found.

    Raises what the judged function would have raised. Each mistake is told once.
    """
    if not _asked:
        return
    library = library_of(array)
    if library is not None and library.name != "cpu":
        raise_late_on(library.name, library.index_of(array))


def raise_late_on(name: str, index: int) -> None:
    """The same for a device, which the host waits for."""
    questions = _asked.get((name, index))
    if questions is None or questions.asked == questions.looked_at:
        return
    found, recent = questions.look()
    if not found:
        return
    for number, complain in recent:
        if number in found:
            complain()
    raise ValueError(
        f"{name}: a label was out of range, more than {RECENT} calls ago; run again with "
        "MINITORCH_CV_JUDGE_AT_ONCE=1 to see in which"
    )


def forget(name: str) -> None:
    """Drops what was asked on the devices of a name (for tests, whose devices come and go)."""
    for place in [place for place in _asked if place[0] == name]:
        del _asked[place]


@contextlib.contextmanager
def judged_at_once(wanted: bool = True) -> Iterator[None]:
    """Inside the `with` block every call that judges values on a device waits for it."""
    global _at_once
    before, _at_once = _at_once, wanted
    try:
        yield
    finally:
        _at_once = before
