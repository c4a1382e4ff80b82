"""Plants bugs in the CUDA kernels, one at a time, and counts how many are caught.

python tools/cuda_mutants.py                     all files; writes docs/cuda_mutants.md
python tools/cuda_mutants.py pool/max_pool.cu    one file; prints what survives
    --most N    of a kind of bug in a file at most N, evenly spread (default 3; 0: all)

The tests of a kernel's family run once, on the kernel as it is, and each launch is kept with what
it gave. A bug is caught where one of these launches, in one of the emulator's two orders, gives
something else by more than 1e-5, or is refused by the emulator; and then where the race detector or
the address sanitizer has something to say. Needs g++, and no GPU.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from cuda_launches import ROOT, Launch, launches_of, tests_fail
from cuda_mutate import KINDS, Bug, bugs_of
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.testing.cuda_emulator import ORDERS, Emulated, EmulatorError
from minitorch_cv.testing.cuda_emulator.emulator import build
from minitorch_cv.testing.cuda_emulator.sanitize import can_sanitize, sanitize

PAGE = ROOT / "docs" / "cuda_mutants.md"
ALWAYS = ("barrier left out", "sum not atomic", "no grid stride")  # of these, all are tried
SECONDS = 20  # of computing; one that takes longer is an endless loop
THREADS, SANITIZED = 4096, 6  # a sanitizer sees so many launches, none of more threads
TOLERANCE = 1e-5
UNSEEN = "No test sees it yet"
# Why a bug makes no difference: a pattern of `file:line: old → new in line`, and the reason.
REASONS = (
    (r"(softmax|cross_entropy|common)\.cuh?:.*`larger\(`", "A NaN makes the sum after it NaN, too"),
    (
        r"`[<>]=?` → `[<>]=?` in `(for \(Long (first|begin|r) =|.*\? )",
        "The same at equality, or a round in which nobody has anything to do",
    ),
    (r"`[<>]=?` → `[<>]=?` in `map\(", "The same at equality"),
    (r"`0\.0f` → `1\.0f` in .*is_finite", "Any number may be taken off, if it is taken off again"),
    (r"packed/batch_norm.*numbers<W>\(mean", "Without a mean there is no x to take it off"),
    (r"implicit_gemm.*start < K", "One step more, whose tiles are all 0"),
    (r"group_norm.*N \* G - 1", "Of a row that is not there nothing is read"),
    (r"local_response_norm.*TILE - 1", "A tile more, in which nobody has anything to do"),
    (r"`[<>]=?` → `[<>]=?` in `if \(top < 0\)", "The same at equality"),
    (
        r"max_pool.*`- 1` → `` in `int (bottom|most_p|first_p) =",
        "Windows are asked that no pixel here won",
    ),
    (r"max_pool.*`given\[r\]\[c\] =", "It is given to nobody"),
    (r"gemm\.cu:.*`\+ 1` → ``", "Padding against bank conflicts: speed alone"),
    (r"gemm\.cu:.*`0\.0f` → `1\.0f` in `tile", "It is multiplied by the other tile's 0"),
)
# A child that is forked while another thread reads a Source would wait for that thread's lock.
_FORKING = threading.Lock()
SAME, NO_TEXT = "means the same", "does not compile"  # not counted
WAYS = ("value", "emulator", "sanitizer")


class _Planted(Emulated):
    """The kernels of a text that may have warnings."""

    def __init__(self, source: Source) -> None:
        self.source, self.path = source, build(source, "-Wno-error")
        self._library = ctypes.CDLL(str(self.path))
        for name in source.kernels:
            getattr(self._library, f"launch_{name}").restype = ctypes.c_char_p


def fate(source: Source, launches: Sequence[Launch]) -> str:
    """How a changed kernel is caught: one of WAYS; "" where it is not."""
    try:
        kernels = _Planted(source)
    except (EmulatorError, ValueError):
        return NO_TEXT
    if kernels.path.read_bytes() == build(Source(source.path), "-Wno-error").read_bytes():
        return SAME
    try:
        if not all(_gives_the_same(kernels, launch, order) for launch in launches
                   for order in ORDERS):  # fmt: skip
            return "value"
        return "sanitizer" if any(map(partial(_is_reported, source), _fewer(launches))) else ""
    except (EmulatorError, MemoryError):
        return "emulator"


def _gives_the_same(kernels: Emulated, launch: Launch, order: str) -> bool:
    args = launch.arguments()
    signature = kernels.source.kernels[launch.kernel]
    kernels.run(signature, launch.sizes, args, launch.shared, order)
    given = zip(args, launch.after, strict=True)
    return all(_close(a, b) for a, b in given if isinstance(b, np.ndarray))


def _close(a: Any, b: Any) -> bool:
    if b.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    finite = np.isfinite(b)
    size = max(1.0, float(np.max(np.abs(b[finite]), initial=0.0)))
    same = np.array_equal(a[~finite], b[~finite], equal_nan=True)
    return same and bool(np.all(np.abs(a[finite] - b[finite]) <= TOLERANCE * size))


def _fewer(launches: Sequence[Launch]) -> list[Launch]:
    """The largest that a sanitizer has time for, of as many kernels as there is room for."""
    last = {(launch.kernel, k // 64): launch for k, launch in enumerate(launches)
            if np.prod(launch.sizes, dtype=float) <= THREADS}  # fmt: skip
    return list(last.values())[-SANITIZED:]


def _is_reported(source: Source, launch: Launch) -> bool:
    """Does a sanitizer say something?"""
    kinds = [kind for kind in ("address", "thread") if can_sanitize(kind)]
    call = (source, launch.kernel, launch.sizes[:3], launch.sizes[3:], launch.before, launch.shared)
    try:
        return any(sanitize(kind, *call) for kind in kinds)
    except subprocess.TimeoutExpired:  # a busy machine
        return False


def fate_in_a_child(source: Source, launches: Sequence[Launch]) -> str:
    """The same, in a process of its own: a wild write may end it, a loop may have no end."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def answer() -> None:
        faulthandler.disable()  # a crash is an answer, too
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        theirs.send(fate(source, launches))

    child = context.Process(target=answer)
    with _FORKING:
        child.start()
    theirs.close()
    try:
        found = str(ours.recv())
    except EOFError:
        found = "emulator"  # Python itself was written over, or its time is up
    child.join()
    return found


class Try(NamedTuple):
    """A bug, and the sources that show it: its own file, or users of common.cuh.

    kernel: the one that it stands in, or something else: a helper, which any may use.
    """

    file: str
    bug: Bug
    sources: tuple[Source, ...]
    kernel: str = ""


def tries_of(file: str, most: int) -> list[Try]:
    """The bugs of a file, `most` of each kind."""
    by_kind: dict[str, list[Bug]] = defaultdict(list)
    text = (HERE / file).read_text(encoding="utf-8")
    for bug in bugs_of(text):
        by_kind[bug.kind].append(bug)
    chosen = []
    for kind, bugs in by_kind.items():
        step = len(bugs) / most if most and kind not in ALWAYS else 1.0
        picked = {int(k * max(step, 1.0)) for k in range(len(bugs))}
        chosen += [bugs[k] for k in sorted(picked) if k < len(bugs)]
    return [Try(file, bug, _sources(file, bug), _kernel_at(text, bug.line)) for bug in chosen]


def _kernel_at(text: str, line: int) -> str:
    """The kernel, or the function, that a line of a file belongs to; "" where that is unclear."""
    found = ""
    for before in text.splitlines()[:line]:
        head = re.match(r"(\w+)\(", before)
        if head or before.startswith(("__device__", "template", "struct", "#define")):
            found = head[1] if head else ""
    return found


def _sources(file: str, bug: Bug) -> tuple[Source, ...]:
    if file != "common.cuh":
        return (Source(file, bug.text),)
    common = (HERE / file).read_text(encoding="utf-8")
    helpers = {_helper_at(common, bug.line)}
    for number, line in enumerate(common.splitlines(), 1):  # each uses only those above it
        if line.startswith(" ") and any(f"{name}(" in line for name in helpers):
            helpers.add(_helper_at(common, number))
    uses = re.compile(rf"\b(?:{'|'.join(sorted(helpers))})\(")
    users = [f for f in cuda_files() if uses.search((HERE / f).read_text(encoding="utf-8"))]
    return tuple(Source(f, Source(f).text.replace(common, bug.text)) for f in users[:4])


def _helper_at(common: str, line: int) -> str:
    """The name of the function or macro of common.cuh that a line belongs to."""
    for text in reversed(common.splitlines()[:line]):
        if text and not text.startswith((" ", "/", "}")) and "(" in text:
            return text.replace("#define", "").partition("(")[0].split()[-1]
    return "nothing"


def cuda_files() -> list[str]:
    return sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


def has_addresses(file: str) -> bool:
    """Does a kernel take a table of addresses? Its launches cannot be run again."""
    heads = Source(file).kernels.values()
    return any(p.is_array and p.dtype == np.uint64 for head in heads for p in head.parameters)


def judge(attempt: Try, launches: dict[str, list[Launch]]) -> str:
    """The fate of a bug; by the tests themselves where launches cannot be run again."""
    answer = NO_TEXT
    for source in attempt.sources:
        with _FORKING:
            by_tests, kernels, text = has_addresses(source.path), set(source.kernels), source.text
        if by_tests:
            answer = "value" if tests_fail(source.path, text) else ""
        else:
            wanted = {attempt.kernel} & kernels or kernels
            own = [launch for launch in launches[source.path] if launch.kernel in wanted]
            answer = fate_in_a_child(source, own)
        if answer in WAYS:
            break
    return answer


def all_launches(files: Iterable[str]) -> dict[str, list[Launch]]:
    """File → what its family's tests launch, the small ones first."""
    found: dict[str, list[Launch]] = defaultdict(list)
    for family in sorted({file.partition("/")[0] for file in files}):
        for launch in launches_of(family):
            found[launch.file].append(launch)
        print(f"{family}: {sum(len(found[f]) for f in found if f.startswith(family))} launches")
    for kept in found.values():
        kept.sort(key=lambda launch: np.prod(launch.sizes, dtype=float))
    return found


def summary(results: list[tuple[Try, str]]) -> str:
    """The page: a table by kind, a table by file, and what survives."""
    counted = [(t, answer) for t, answer in results if answer not in (SAME, NO_TEXT)]
    caught = sum(answer != "" for _, answer in counted)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    for attempt, answer in counted:
        by_kind[attempt.bug.kind][answer] += 1
        by_file[attempt.file][answer] += 1
    lines = [f"{len(counted)} planted, {caught} caught ({caught / max(len(counted), 1):.1%}).", ""]
    lines += _table("bug", {k: by_kind[k] for k in KINDS if k in by_kind}, KINDS)
    lines += ["", *_table("file", dict(sorted(by_file.items())), {})]
    survivors: dict[str, list[str]] = defaultdict(list)
    for attempt, answer in counted:
        if not answer:
            where = f"{attempt.file}:{attempt.bug.where}"
            survivors[_reason(where)].append(f"- {where}")
    lines += ["", "## What survives"]
    for reason in sorted(survivors, key=lambda reason: reason == UNSEEN):
        lines += ["", f"### {reason}", "", *survivors[reason]]
    return "\n".join(lines) + "\n"


def _reason(where: str) -> str:
    return next((reason for pattern, reason in REASONS if re.search(pattern, where)), UNSEEN)


def _table(head: str, rows: dict[str, Counter[str]], notes: dict[str, str]) -> list[str]:
    lines = [f"| {head} | planted | by values | by the emulator | by a sanitizer | survive |"]
    lines.append("| --- |" + " ---: |" * 5)
    for name, row in rows.items():
        label = f"{name}: {notes[name]}" if name in notes else f"`{name}`"
        label = label.replace("||", "\\|\\|")
        cells = [sum(row.values()), *(row[way] for way in WAYS), row[""]]
        lines.append(f"| {label} | {' | '.join(map(str, cells))} |")
    return lines


HEAD = """# Bugs planted in the CUDA kernels

Written by `python tools/cuda_mutants.py`. Each bug is one small change of a kernel's text. The
tests of the kernel's family have run on the emulator, and every launch that they make is made again
with the bug, in both orders; where a value differs by more than 1e-5, or the emulator refuses, the
bug is caught. What passes is shown to the race detector and the address sanitizer. Changes that
leave the compiled code as it was are not counted. Of each kind at most {most} are tried in a file,
but all barriers, atomic sums and strides.

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="below kernels/cuda; all where none is named")
    parser.add_argument("--most", type=int, default=3, help="bugs of a kind in a file (0: all)")
    given = parser.parse_args()
    files = given.files or ["common.cuh", *cuda_files()]
    tries = [attempt for file in files for attempt in tries_of(file, given.most)]
    with tempfile.TemporaryDirectory() as work:
        tempfile.tempdir = os.environ["TMPDIR"] = work  # what is compiled here is of no use later
        shown = {source.path for attempt in tries for source in attempt.sources}
        one = partial(judge, launches=all_launches(f for f in shown if not has_addresses(f)))
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            results = []
            for attempt, answer in zip(tries, pool.map(one, tries), strict=True):
                results.append((attempt, answer))
                print(f"{answer or 'SURVIVES':18} {attempt.file}:{attempt.bug.where}", flush=True)
        tempfile.tempdir = None
    text = summary(results)
    print(text)
    if not given.files:
        PAGE.write_text(HEAD.format(most=given.most or "any number") + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
