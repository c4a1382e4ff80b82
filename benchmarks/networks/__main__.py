"""Races whole networks: training steps and inference, time and memory.

    python -m benchmarks.networks [--quick] [--threads 2] [--only NAME ...] [--engines NAME ...]

Each engine has a process of its own; they take turns on the same numbers with the same number of
threads. The table shows medians, the spread (half the distance between the quartiles), the peer's
time over ours (above 1 we are faster) and the peak of memory, network and data included. Results
go to benchmarks/results/networks.json and cpu.png. On a busy machine --cpu-time takes one thread
and its processor time, which other work hardly changes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ..timing import RESULTS, machine
from . import plot, scaling, table
from .turns import ENGINES, Pace, compared, geometric_means, installed, race
from .works import MODES, QUOTED, WORKS, work_named

NOTE = "seconds of a training step, measured once on 2 cores of another machine (AVX-512)"


def main(arguments: list[str]) -> int:
    given = _parse(arguments)
    names, absent = installed(tuple(given.engines))
    for name in absent:
        print(f"{name} is not installed and left out; pip install -e '.[bench]' brings it")
    pace = Pace(given.seconds, 3, given.cpu_time)
    if given.quick:
        pace = Pace(0.0, 2, given.cpu_time)
    about = machine(given.threads) | {"load_before": os.getloadavg()}
    about |= {name: _version(name) for name in names if name != "ours"}
    result: dict[str, Any] = {"machine": about, "works": {}}
    print(table.TITLE)
    failures = 0
    for work in [work_named(name) for name in given.only] or WORKS:
        modes = race(work, names, given.threads, pace, given.modes)
        result["works"][work.name] = modes
        for mode, cells in modes.items():
            cells["compared"] = compared(cells)
            said = table.complaints(work.name, mode, cells)
            failures += sum("skipped" not in cell and "median" not in cell
                            for name, cell in cells.items() if name in names)  # fmt: skip
            print("\n".join([table.line(work.name, mode, cells), *said]), flush=True)
    result["geometric_means"] = geometric_means(result["works"])
    lines = table.left_out(result["works"]) + table.summary(result["geometric_means"])
    print("\n".join(lines) or "nothing to compare with")
    result["quoted"] = quoted(result["works"])
    if not given.no_scaling:
        result["scaling"] = _scaling(names, given, pace)
    about["load_after"] = os.getloadavg()
    _write(result, given)
    return 1 if failures else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.networks", description=__doc__.splitlines()[0]
    )
    names = [work.name for work in WORKS]
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", choices=names,
                        help=", ".join(names))  # fmt: skip
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=MODES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two rounds each, short scalings")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each mode of each work")
    parser.add_argument("--no-scaling", action="store_true", help="leave batch, size, threads out")
    parser.add_argument("--cpu-time", action="store_true", help="one thread, its processor time")
    parser.add_argument("--out", type=Path, default=RESULTS / "networks.json")
    parser.add_argument("--picture", type=Path, help="default: cpu.png beside OUT")
    given = parser.parse_args(arguments)
    given.threads = 1 if given.cpu_time else given.threads
    given.picture = given.picture or given.out.with_name("cpu.png")
    return given


def quoted(works: dict[str, Any]) -> dict[str, Any]:
    """Published times of other libraries over ours here; another machine, so a hint only."""
    found: dict[str, Any] = {"note": NOTE}
    for name, seconds in QUOTED.items():
        mine = works.get(name, {}).get("train", {}).get("ours", {}).get("median")
        ratios = {peer: spent / mine for peer, spent in seconds.items()} if mine else {}
        found[name] = {"seconds": seconds, "over_ours": ratios}
    return found


def _scaling(names: list[str], given: argparse.Namespace, pace: Pace) -> dict[str, Any]:
    pace = pace._replace(seconds=pace.seconds / 5)
    eager = [name for name in names if name != "jax"]  # each of its shapes is compiled anew
    found: dict[str, Any] = {}
    for axis in ("batch", "size"):
        found[axis] = scaling.grow(axis, eager, given.threads, pace, given.quick)
        powers = found[axis]["exponents"].items()
        print(f"time ~ {axis}^k, {found[axis]['model']}: "
              + ", ".join(f"{name} k = {power:.2f}" for name, power in powers))  # fmt: skip
    if not given.cpu_time and given.threads > 1:
        found["threads"] = scaling.by_threads(eager, pace, given.quick)
    return found


def _write(result: dict[str, Any], given: argparse.Namespace) -> None:
    given.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    given.out.write_text(text + "\n", encoding="utf-8")
    plot.draw(result, given.picture)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
