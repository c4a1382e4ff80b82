"""The whole test suite with `--device cuda`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .place import Place

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("MINITORCH_CV_SUITE_SECONDS", "270"))
MOST = 12  # processes that share the GPU
MEMORY = 2 << 30  # bytes of its memory for each
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")


def command(emulate: bool, only: Sequence[str], memory: int = 6 * MEMORY) -> list[str]:
    """pytest, on as many processes as cores and the GPU's memory (in bytes) have room for.

    Much of their time is the host's: on a new machine CuPy compiles some 1400 functions. A
    rehearsal takes the fake device.
    """
    workers = max(1, min(MOST, os.cpu_count() or 1, memory // MEMORY))
    given = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE"]
    given += ["--device", "fake" if emulate else "cuda"]
    if emulate:
        return [*given, *(only or ["tests/optim/test_hooks.py"])]
    return [*given, "-n", str(workers), "--ignore=tests/parity", *(only or ["tests"])]


def suite(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """Counts, and the names of what failed. What does not finish in time has failed."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    _, memory = place.cupy.cuda.runtime.memGetInfo()
    process = subprocess.Popen(
        command(place.small, only, memory), cwd=ROOT, env=env, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 15)
        said, _ = process.communicate()
        return {**_read(said), "passed": False, "error": f"did not finish in {SECONDS} s"}
    found = _read(said)
    passed = process.returncode == 0 and found["counts"].get("passed", 0) > 0
    return {**found, "passed": passed, "exit_code": process.returncode,
            **({} if passed else {"end": said[-2000:]})}  # fmt: skip


def _read(said: str) -> dict[str, Any]:
    lines = said.splitlines()
    ends = [found for line in lines[-3:] for found in _COUNT.findall(line)]
    counts = {"errors" if what == "error" else what: int(number) for number, what in ends}
    failed = [
        line.partition(" ")[2][:200] for line in lines if line.startswith(("FAILED ", "ERROR "))
    ]
    return {"counts": counts, "failed": failed[:200]}
