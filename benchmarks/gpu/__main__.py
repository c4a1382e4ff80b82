"""Runs everything that only a GPU can show, in less than eight minutes.

    python -m benchmarks.gpu [--only PART ...] [--ops OP ...] [--out DIR] [--emulate]

Each part has a process of its own: one that fails, or breaks the GPU's context, is recorded as
failed and the others go on. The test suite runs beside the parts that take no time; what is timed
has the GPU for itself. Results go to benchmarks/results/gpu-<name>.json, and what each kernel did
to kernels/verified.json (`minitorch-cv kernels` shows it). --emulate rehearses the command itself
on the emulator, on small sizes, and writes nothing into the project.

Exit codes: 0 all passed; 1 a part failed; 2 there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from minitorch_cv.backend import cuda

from ..timing import RESULTS
from . import agreement, captured, environment, kernels, networks, place, record, sanitizer, suite

ROOT = Path(__file__).parents[2]


class Part(NamedTuple):
    """A part: what it does, the seconds that it may take, and whether it needs the GPU alone."""

    run: Callable[..., dict[str, Any]]
    seconds: int
    alone: bool = False


PARTS = {
    "environment": Part(environment.environment, 60),
    "suite": Part(suite.suite, suite.SECONDS + 15),
    "agreement": Part(agreement.agreement, 150),
    "repeated": Part(agreement.repeated, 60),
    "captured": Part(captured.captured, 60),
    "sanitizer": Part(sanitizer.sanitizer, 4 * sanitizer.SECONDS + 10),
    "timing": Part(kernels.timing, 90, True),
    "networks": Part(networks.networks, 110, True),
}


def main(arguments: list[str]) -> int:
    """The command line."""
    given = _parse(arguments)
    if given.part is not None:
        return _child(given)
    reason = None if given.emulate else cuda.missing()
    if reason is not None:
        print(f"benchmarks.gpu: no GPU: {reason}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as work:
        parts = _run_parts(given, Path(work))
    folder = given.out or (Path(tempfile.mkdtemp()) if given.emulate else RESULTS)
    known = folder / "verified.json" if given.emulate or given.out else None
    file = record.write(parts, folder, known)
    print("\n".join(record.lines(parts)))
    print(f"written: {file}")
    return int(any(not part.get("passed") for part in parts.values()))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description="Run everything that only a GPU can show."
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--ops", nargs="+", default=[], metavar="OP", help="these ops alone")
    parser.add_argument("--out", type=Path, help="folder for the results, and for verified.json")
    parser.add_argument("--emulate", action="store_true", help="rehearse on the emulator")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _child(given: argparse.Namespace) -> int:
    """One part, in this process; its answer goes to a file."""
    part = PARTS[given.part]
    try:
        with place.opened(given.emulate) as where:
            found = part.run(where, tuple(given.ops) if given.part != "suite" else ())
    except Exception as error:
        found = {"passed": False, "error": f"{type(error).__name__}: {error}"}
    text = json.dumps(place.plain(found))
    if given.answer is not None:
        given.answer.write_text(text, encoding="utf-8")
    return int(not found["passed"])


def _run_parts(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Part → its answer. The suite goes on in the background until the GPU is needed alone."""
    answers: dict[str, Any] = {}
    names = [name for name in PARTS if name in given.only]
    background = _start(given, "suite", work) if "suite" in names else None
    started = time.perf_counter()
    for alone in (False, True):
        for name in names:
            if PARTS[name].alone is alone and name != "suite":
                begin = time.perf_counter()
                answers[name] = _finish(_start(given, name, work), name, work, begin)
        if background is not None and not alone:
            answers["suite"] = _finish(background, "suite", work, started)
    return {name: answers[name] for name in names}


def _start(given: argparse.Namespace, name: str, work: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.gpu", "--part", name,
               "--answer", str(work / f"{name}.json")]  # fmt: skip
    command += ["--emulate"] if given.emulate else []
    command += ["--ops", *given.ops] if given.ops else []
    errors = (work / f"{name}.err").open("w", encoding="utf-8")
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=errors, stderr=errors)


def _finish(process: subprocess.Popen[str], name: str, work: Path, begin: float) -> dict[str, Any]:
    """The answer of a part; one without an answer has failed."""
    left = PARTS[name].seconds - (time.perf_counter() - begin)
    try:
        process.wait(timeout=max(left, 1.0))
        reason = f"ended with exit code {process.returncode} and no answer"
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
        reason = f"did not finish in {PARTS[name].seconds} s"
    answer = work / f"{name}.json"
    seconds = round(time.perf_counter() - begin, 1)
    if answer.is_file():
        found = {**json.loads(answer.read_text(encoding="utf-8")), "seconds": seconds}
    else:
        said = (work / f"{name}.err").read_text(encoding="utf-8", errors="replace")
        found = {"passed": False, "error": reason, "end": said[-1500:], "seconds": seconds}
    sys.stderr.write(f"{name:<12} {'passed' if found['passed'] else 'FAILED'} {seconds:6.1f} s\n")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
