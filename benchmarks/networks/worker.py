"""One engine in a process of its own: answers the requests that `turns` sends, and else sleeps.

    python -m benchmarks.networks.worker ours|torch|jax THREADS

Requests and answers are lines of JSON on stdin and stdout.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..timing import limit_threads

SHORT = 0.3  # seconds; a shorter step is run once untimed, as its turn finds cold caches


def main(arguments: list[str]) -> int:
    name, threads = arguments[0], int(arguments[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to stderr
    limit_threads(threads)
    worker = Worker(name, threads)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except NotImplementedError as error:
            answer = {"skipped": str(error)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    return 0


class Worker:
    """What a process knows between two requests."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self.engine: Any = None
        self.step: Callable[[], Any] = lambda: None
        self.usual = 0.0  # seconds of the step last timed
        self.slept_at = 0.0

    def load(self, work: dict[str, Any]) -> dict[str, Any]:
        """Builds the network. Others are run before, so that the code is loaded."""
        from .works import Work, work_named

        self.engine = start_engine(self.name, self.threads)
        for small in ("lenet5_b1", "lenet5_b128"):
            self.engine.build(work_named(small))
            for mode in ("infer", "train"):
                self.engine.step_of(mode)()
            self.engine.clear()
        give_back()
        self.base = resident()["VmRSS"]
        self.engine.build(Work(**work))
        return {"version": self.engine.version}

    def mode(self, mode: str) -> dict[str, Any]:
        """The first two steps of a mode: their answer and the memory they needed."""
        self.step = lambda: None
        give_back()
        forget_peak()
        before = time.perf_counter()
        self.step = self.engine.step_of(mode)
        numbers = self.engine.numbers(self.step())
        middle = time.perf_counter()
        self.step()
        self.usual = time.perf_counter() - middle
        peak = resident()["VmHWM"] - self.base
        self.slept_at = time.process_time()
        return {"numbers": numbers, "peak": peak, "first": middle - before, "usual": self.usual}

    def layers(self) -> dict[str, Any]:
        """Where the time of the mode's step goes, by op."""
        from .layers import measure

        return {"rows": measure(self.engine, self.step)}

    def turn(self, seconds: float, cpu_time: bool) -> dict[str, Any]:
        """Steps for about so long, at least one: the time of each.

        idle: processor time that was spent since the last turn, while the others had theirs.
        """
        clock = time.process_time if cpu_time else time.perf_counter
        idle = time.process_time() - self.slept_at
        if self.usual < SHORT:
            self.step()
        times: list[float] = []
        start = time.perf_counter()
        while not times or time.perf_counter() - start + self.usual < seconds:
            before = clock()
            self.step()
            times.append(clock() - before)
        self.usual = min(times)
        self.slept_at = time.process_time()
        return {"times": times, "idle": idle}


def start_engine(name: str, threads: int) -> Any:
    """The engine of a name, held to so many threads."""
    if name == "jax":
        os.environ["NPROC"] = str(threads)  # the size of its compiler's pool of threads
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, cores[: max(1, threads)])
        from .with_jax import Jax

        return Jax()
    from . import eager

    return eager.ours(threads) if name == "ours" else eager.with_torch(threads)


def resident() -> dict[str, int]:
    """Bytes in memory now (VmRSS) and at most since the peak was forgotten (VmHWM)."""
    status = Path("/proc/self/status")
    if not status.is_file():
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"VmRSS": most, "VmHWM": most}
    lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
    return {row[0][:-1]: 1024 * int(row[1]) for row in lines if row[0] in ("VmRSS:", "VmHWM:")}


def give_back() -> None:
    """What earlier work left free goes back to the system, where glibc does that."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def forget_peak() -> None:
    """The peak starts again at what is in memory now, where Linux lets us say so."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
