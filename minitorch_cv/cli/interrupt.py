"""Ctrl-C and SIGTERM as a request to stop, so that a run can first write down where it is."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def deferred_signals() -> Iterator[Callable[[], int]]:
    """Inside, SIGINT and SIGTERM are remembered; the function given says which came (0: none).

    A second one is taken as impatience and raises KeyboardInterrupt at once. Elsewhere than in the
    main thread signals cannot be caught, and nothing is changed.
    """
    came = [0]

    def remember(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (signal's signature)
        if came[0]:
            raise KeyboardInterrupt
        came[0] = number

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: came[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
