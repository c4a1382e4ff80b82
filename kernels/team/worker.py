"""A thread that runs the shares it is given, one after the other."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np

from .waiting import DONE, POSTED, is_done, next_task

_SLEEP = 5e-5  # seconds between two looks at a share that takes long
_current_core: Any = None
if hasattr(os, "sched_setaffinity"):  # Linux
    _current_core = getattr(ctypes.CDLL(None), "sched_getcpu", None)


class Worker:
    """Does what it is given, and waits awake for some 100 µs for the next.

    One thread gives and waits; see threads.run.
    """

    def __init__(self, name: str) -> None:
        self._board = np.zeros(16, np.int64)
        self._task = 0  # the number of the last one
        self._share: tuple[Callable[..., Any], tuple[Any, ...]] | None = None
        self._error: BaseException | None = None
        self._sleeps = False
        self._kept_off = -1  # the core that it may not run on
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()
        atexit.register(self._stop)

    def give(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Starts function(*args) there."""
        self._share = function, args
        if _current_core is not None:
            self._keep_apart()
        self._post()

    def wait(self) -> BaseException | None:
        """Returns when it is done, with what it raised."""
        while not is_done(self._board, self._task):
            time.sleep(_SLEEP)
        self._share = None  # what it held is free
        error, self._error = self._error, None
        return error

    def _post(self) -> None:
        self._task += 1
        self._board[POSTED] = self._task
        if self._sleeps:  # read after POSTED was written; see _sleep
            self._wake.put(None)

    def _keep_apart(self) -> None:
        """Lets the worker run on all cores but the caller's, if there are several; on Linux.

        Else it may be woken on that core, where it waits until the kernel is done or the system
        moves it: half a millisecond and more.
        """
        core = _current_core()
        if core == self._kept_off:
            return
        self._kept_off = core
        others = os.sched_getaffinity(0) - {core}
        if others and self._thread.native_id is not None:
            with contextlib.suppress(OSError):  # not allowed, or not among ours any more
                os.sched_setaffinity(self._thread.native_id, others)

    def _work(self) -> None:
        task = 0
        while True:
            posted = next_task(self._board, task)
            if posted == task:
                self._sleep(task)
                continue
            task = posted
            if self._share is None:
                self._board[DONE] = task
                return
            function, args = self._share
            try:
                function(*args)
            except BaseException as error:  # noqa: BLE001 (`wait` hands it on)
                self._error = error
            del function, args

    def _sleep(self, task: int) -> None:
        """Until something is posted: one of the two sees what the other wrote."""
        self._sleeps = True
        while self._board[POSTED] == task:
            self._wake.get()
        self._sleeps = False

    def _stop(self) -> None:
        """Ends the thread while Python still stands; a share that runs is waited for."""
        self._share = None
        self._post()
        self._thread.join(1.0)
