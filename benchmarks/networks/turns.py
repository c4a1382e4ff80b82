"""The race: workers that take turns on the same work, one at a time, over and over."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .works import MODES, Work

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("ours", "torch", "jax")
PAUSE = 0.02  # seconds between two turns: OpenMP's threads spin for a few ms before they sleep
TURN = 0.1  # seconds of short steps in a turn
TOLERANCE = 1e-3  # of the first loss or scores, relative to the largest


class Pace(NamedTuple):
    """How long each mode of each work is measured: at least `rounds`, and `seconds` together."""

    seconds: float = 10.0
    rounds: int = 3
    cpu_time: bool = False


class Engine:
    """A worker process."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.networks.worker", name, str(threads)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The answer to one request; {"failed": why} where the process has died."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"failed": f"the process ended with {self.process.wait()}"}
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"failed": f"it ended with {self.process.wait()}"}

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it has died, and a request was not read
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def installed(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Engines that can run here, and those that cannot."""
    absent = [name for name in names if name != "ours" and not importlib.util.find_spec(name)]
    return [name for name in names if name not in absent], absent


def race(work: Work, names: list[str], threads: int, pace: Pace, modes: Any = MODES) -> Any:
    """{mode: {engine: what was measured, or why not}} of one work, in fresh processes."""
    engines = [Engine(name, threads) for name in names]
    try:
        loaded = {e.name: e.ask("load", work=work._asdict()) for e in engines}
        able = [e for e in engines if "version" in loaded[e.name]]
        unable = {name: why for name, why in loaded.items() if "version" not in why}
        return {mode: {**_mode(mode, able, pace), **unable} for mode in modes}
    finally:
        for engine in engines:
            engine.close()


def _mode(mode: str, engines: list[Engine], pace: Pace) -> dict[str, Any]:
    begun = {e.name: e.ask("mode", mode=mode) for e in engines}
    able = [e for e in engines if "numbers" in begun[e.name]]
    times: dict[str, list[float]] = {e.name: [] for e in able}
    idle = dict.fromkeys(times, 0.0)
    start, rounds = time.perf_counter(), 0
    while able and (rounds < pace.rounds or time.perf_counter() - start < pace.seconds):
        for engine in able:
            time.sleep(PAUSE)
            answer = engine.ask("turn", seconds=TURN, cpu_time=pace.cpu_time)
            times[engine.name] += answer.get("times", [])
            idle[engine.name] += answer.get("idle", 0.0)
            begun[engine.name] |= {k: why for k, why in answer.items() if k == "failed"}
        able = [e for e in able if "failed" not in begun[e.name]]
        rounds += 1
    for name, spent in times.items():
        if "failed" not in begun[name]:
            begun[name] |= spread(spent) | {"idle": idle[name], "rounds": rounds}
    return begun


def spread(times: list[float]) -> dict[str, Any]:
    """The median, the quartiles, the least, and how many."""
    low, middle, high = (
        statistics.quantiles(times, method="inclusive") if len(times) > 1 else times * 3
    )
    return {"median": middle, "low": low, "high": high, "least": min(times), "count": len(times)}


def compared(cells: dict[str, Any]) -> dict[str, Any]:
    """Each peer's time and peak over ours, and whether its numbers are ours.

    Above 1 we are faster, or need less memory.
    """
    mine, found = cells.get("ours", {}), {}
    for name, cell in cells.items():
        if name == "ours" or "median" not in cell or "median" not in mine:
            continue
        numbers = np.array([mine["numbers"], cell["numbers"]])
        found[name] = {
            "ratio": cell["median"] / mine["median"],
            "ratio_of_least": cell["least"] / mine["least"],
            "memory": cell["peak"] / max(mine["peak"], 1),
            "difference": float(np.abs(np.diff(numbers, axis=0)).max() / np.abs(numbers).max()),
        }
    return found


def geometric_means(works: dict[str, Any]) -> dict[str, dict[str, float]]:
    """{mode: {peer: geometric mean of the ratios over all works that both did}}."""
    found: dict[str, dict[str, list[float]]] = {}
    for modes in works.values():
        for mode, cells in modes.items():
            for peer, row in cells["compared"].items():
                found.setdefault(mode, {}).setdefault(peer, []).append(row["ratio"])
    return {
        mode: {peer: statistics.geometric_mean(ratios) for peer, ratios in peers.items()}
        for mode, peers in found.items()
    }
