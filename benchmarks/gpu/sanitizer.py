"""NVIDIA's compute-sanitizer over one launch of every kernel, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .place import Place

TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
SECONDS = 30  # for each tool
_PLACES = ("/usr/local/cuda/bin", "/usr/local/cuda/compute-sanitizer")
ERRORS = 9  # the exit code that says that it found some


def program() -> str | None:
    """compute-sanitizer, if it is there."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    return shutil.which("compute-sanitizer", path=path)


def sanitizer(place: Place, only: Sequence[str] = ()) -> dict[str, Any]:
    """tool → "" or what it found. Skipped, which is no failure, where it cannot work."""
    found = program()
    if found is None and not place.small:
        return {"passed": True, "skipped": "compute-sanitizer is not installed"}
    tools = {
        tool: _run(found, tool, place.small, only) for tool in TOOLS[: 1 if place.small else 4]
    }
    skipped = {tool: said for tool, said in tools.items() if said.startswith("cannot work")}
    bad = {tool: said for tool, said in tools.items() if said and tool not in skipped}
    return {"passed": not bad, "tools": tools, "failed": bad}


def _run(found: str | None, tool: str, small: bool, only: Sequence[str]) -> str:
    command = [sys.executable, "-m", "benchmarks.gpu", "--part", "agreement"]
    if small:
        command.append("--emulate")
    else:
        command = [str(found), "--tool", tool, "--error-exitcode", str(ERRORS), *command]
    if only:
        command += ["--ops", *only]
    else:
        command += ["--ops", *_launching()]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS,
            cwd=Path(__file__).parents[2], errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"did not finish in {SECONDS} s"
    said = [line for line in done.stdout.splitlines() if line.startswith("=========")]
    if done.returncode == ERRORS:
        return "\n".join(said[:40])
    if "ERROR SUMMARY: 0 errors" in done.stdout or (small and done.returncode == 0):
        return ""
    return f"cannot work here (exit code {done.returncode}): {done.stderr.strip()[-300:]}"


def _launching() -> list[str]:
    """Everything that launches a kernel."""
    from minitorch_cv.kernels.cuda import KERNELS

    return [*KERNELS, "gemm", "implicit_gemm", "dropout_mask"]
