"""How many threads kernels run on, and the threads themselves.

A kernel is a compiled function without the interpreter's lock; `run` calls it once on each thread,
with its number and how many there are as the last two arguments, and it picks its share of the
work by them. That costs some 8 µs while one call follows another, and 30 to 100 µs where a thread
that sleeps has to be woken. Plain threads instead of numba's parallel loops, because they survive a
fork, may be used from several threads at once, and compile faster.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .team.worker import Worker


def _cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _asked_for() -> int:
    """OMP_NUM_THREADS, as BLAS reads it, or NUMBA_NUM_THREADS; all cores where neither is set."""
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            return int(first)
    return _cores()


_MOST = _cores()
_count = min(_MOST, _asked_for())
_ENOUGH = 600_000  # operations of loops over memory: some 40 µs
_ENOUGH_PRODUCTS = 3_000_000  # of matrix products: 40 µs at 75 GFLOP/s
_workers: list[Worker] = []
_busy = Lock()  # held by the thread that the workers work for


def set_num_threads(count: int) -> None:
    """At most `count` threads from here on, and no more than there are cores."""
    global _count
    _count = min(count, _MOST)


def get_num_threads() -> int:
    """How many threads a kernel runs on."""
    return _count


def worth(operations: int) -> int:
    """How many threads loops of so many operations keep busy for longer than waking them takes."""
    return max(1, min(_count, operations // _ENOUGH))


def worth_products(flops: int) -> int:
    """The same for matrix products, which do more in that time."""
    return max(1, min(_count, flops // _ENOUGH_PRODUCTS))


def run(kernel: Callable[..., None], *args: Any, most: int = _MOST) -> None:
    """kernel(*args, thread, threads) for each thread; returns when all are done.

    most: how many threads are worth it.
    """
    threads = max(1, min(_count, most))
    if threads == 1:
        kernel(*args, 0, 1)
        return
    if not _busy.acquire(blocking=False):  # by another thread: every share is run here
        for thread in range(threads):
            kernel(*args, thread, threads)
        return
    try:
        _share(kernel, args, threads)
    finally:
        _busy.release()


def _share(kernel: Callable[..., None], args: tuple[Any, ...], threads: int) -> None:
    helpers = _team(threads - 1)
    for thread, helper in enumerate(helpers, 1):
        helper.give(kernel, (*args, thread, threads))
    try:
        kernel(*args, 0, threads)
    finally:
        errors = [helper.wait() for helper in helpers]
    for error in filter(None, errors):
        raise error


def _team(count: int) -> list[Worker]:
    """So many workers, made when first asked for."""
    if len(_workers) < count:
        from .team.worker import Worker

        while len(_workers) < count:
            _workers.append(Worker(f"minitorch_cv-{len(_workers) + 1}"))
    return _workers[:count]


def _forget() -> None:
    """A forked process has no threads but one; it makes its own when it needs them."""
    global _busy
    _workers.clear()
    _busy = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
