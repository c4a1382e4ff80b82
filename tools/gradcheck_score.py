"""Scores the gradient check on the planted bugs of tests/testing/corpus, beside other styles.

    python tools/gradcheck_score.py [--seeds 20] [--correct 2000] [--jobs 2] [--only TEXT]

For every bug and seed: is it caught, is the element that the report names truly wrong, is the right
diagnosis the first? For right layers: is there a false FAIL? The same bugs and layers are shown to
re-implementations of the styles of other checkers (tests/testing/styles.py). The figures go to
benchmarks/results/gradcheck.json and, as tables, to docs/gradcheck.md. Exit code 1 when a bar is
missed: 99.5 % caught, 100 % of the named elements wrong, 80 % diagnosed, no false FAIL.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes share the machine

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "testing"))

from corpus import BUGS, HARD, LAYERS, measure  # noqa: E402 (found below tests/)
from styles import STYLES, Layer, finds_right  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "gradcheck.json"
PAGE = ROOT / "docs" / "gradcheck.md"
BARS = {"caught": 99.5, "named": 100.0, "diagnosed": 80.0}  # per cent
RIGHT = [*LAYERS, *HARD]
STYLE_RUNS = 20  # right runs of each layer that the other styles see


# One task each: a bug, or a right layer, with all its seeds.


def score_bug(number: int, seeds: int) -> dict[str, Any]:
    """One planted bug under our check and under the other styles."""
    bug = BUGS[number]
    runs = [measure.on_bug(bug, seed) for seed in range(seeds)]
    return {
        "layer": bug.layer.name,
        "bug": bug.name,
        "expected": list(bug.kinds),
        "runs": seeds,
        "caught": sum(r.caught for r in runs),
        "named": sum(r.named for r in runs if r.caught),
        "diagnosed": sum(r.diagnosed for r in runs),
        "said": dict(Counter(r.kinds[0] if r.kinds else "nothing" for r in runs).most_common()),
        "seconds": sum(r.seconds for r in runs),
        "styles": {
            name: sum(not right(name, bug.layer, bug.backward, seed) for seed in range(seeds))
            for name in STYLES
        },
    }


def score_layer(number: int, seeds: int) -> dict[str, Any]:
    """One right layer: verdicts of our check, false alarms of the other styles."""
    layer = RIGHT[number]
    start = time.perf_counter()
    verdicts = Counter(measure.on_layer(layer, seed).verdict for seed in range(seeds))
    seconds = time.perf_counter() - start
    inputs, _ = layer.make(np.random.default_rng(0))
    large = sum(x.size for x in inputs.values()) > 1000
    alarms: dict[str, int | None] = {
        name: None
        if large and name == "PyTorch"
        else sum(not right(name, layer, layer.backward, seed) for seed in range(STYLE_RUNS))
        for name in STYLES
    }
    return {
        "layer": layer.name,
        "runs": seeds,
        "verdicts": dict(verdicts),
        "seconds": seconds,
        "styles": alarms,
    }


def right(style: str, layer: Any, backward: Any, seed: int) -> bool:
    """Does a style find this backward right?"""
    rng = np.random.default_rng(seed)
    inputs, param = layer.make(rng)
    subject = Layer(layer.forward, backward, param)
    return finds_right(STYLES[style], subject, list(inputs.values()), rng)


def task(job: tuple[str, int, int]) -> tuple[str, dict[str, Any]]:
    """Runs one task; a top-level function, so that a process can be given it."""
    kind, number, seeds = job
    score: Callable[[int, int], dict[str, Any]] = score_bug if kind == "bugs" else score_layer
    return kind, score(number, seeds)


# All of them.


def measured(seeds: int, correct: int, jobs: int, only: str) -> dict[str, Any]:
    """Every bug and every right layer, in `jobs` processes."""
    each = -(-correct // len(RIGHT))
    work = [
        ("bugs", k, seeds) for k, b in enumerate(BUGS) if only in f"{b.layer.name}: {b.name}"
    ] + [("layers", k, each) for k, layer in enumerate(RIGHT) if only in layer.name]
    start = time.perf_counter()
    found: dict[str, Any] = {"bugs": [], "layers": []}
    for done, (kind, row) in enumerate(_results(work, jobs), 1):
        found[kind].append(row)
        if sys.stderr.isatty():
            print(f"\r{done} of {len(work)} ", end="", file=sys.stderr, flush=True)
    found["seconds"] = time.perf_counter() - start
    found["total"] = totals(found)
    return found


def _results(work: list[tuple[str, int, int]], jobs: int) -> Iterable[tuple[str, dict[str, Any]]]:
    if jobs <= 1:
        yield from map(task, work)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(task, work)


def totals(found: dict[str, Any]) -> dict[str, Any]:
    """The figures that the bars are about, in per cent, and those of the other styles."""
    bugs, layers = found["bugs"], found["layers"]
    runs = sum(b["runs"] for b in bugs)
    caught = sum(b["caught"] for b in bugs)
    verdicts: Counter[str] = sum((Counter(r["verdicts"]) for r in layers), Counter())
    return {
        "bugs": len(bugs),
        "layers": len({b["layer"] for b in bugs}),
        "bug runs": runs,
        "caught": percent(caught, runs),
        "named": percent(sum(b["named"] for b in bugs), caught),
        "diagnosed": percent(sum(b["diagnosed"] for b in bugs), runs),
        "right runs": sum(r["runs"] for r in layers),
        "false FAIL": verdicts["FAIL"],
        "UNDECIDED": verdicts["UNDECIDED"],
        "styles": {name: _style_total(found, name, runs) for name in STYLES},
    }


def _style_total(found: dict[str, Any], name: str, runs: int) -> dict[str, float]:
    alarms = [r["styles"][name] for r in found["layers"] if r["styles"][name] is not None]
    return {
        "caught": percent(sum(b["styles"][name] for b in found["bugs"]), runs),
        "false alarms": percent(sum(alarms), STYLE_RUNS * len(alarms)),
    }


def percent(part: int, whole: int) -> float:
    """To a hundredth, rounded down: 99.996 % is not all."""
    return int(10000 * part / whole) / 100 if whole else 100.0


def missed(total: dict[str, Any]) -> list[str]:
    """The bars that were not reached."""
    low = [f"{name} {total[name]} % < {bar} %" for name, bar in BARS.items() if total[name] < bar]
    return low + ([f"{total['false FAIL']} false FAIL"] if total["false FAIL"] else [])


# Tables.


def summary(total: dict[str, Any]) -> str:
    """Ours and the other styles, as a Markdown table."""
    false = percent(total["false FAIL"], total["right runs"])
    lines = [
        f"{total['bugs']} planted bugs in {total['layers']} kinds of layer, "
        f"{total['bug runs']:,} runs; {total['right runs']:,} runs on right layers "
        f"(the other styles: {STYLE_RUNS} of each layer).",
        "",
        "| check | bugs caught | names a wrong element | right diagnosis first | false alarms |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| **minitorch_cv** | {total['caught']:.2f} % | {total['named']:.2f} % | "
        f"{total['diagnosed']:.2f} % | {false:.2f} % |",
    ]
    for name, row in total["styles"].items():
        lines.append(f"| {name} | {row['caught']:.2f} % | – | – | {row['false alarms']:.2f} % |")
    if total["UNDECIDED"]:
        lines += ["", f"UNDECIDED on {total['UNDECIDED']} of the runs on right layers."]
    return "\n".join(lines)


def by_bug(found: dict[str, Any]) -> str:
    """One row for each bug."""
    lines = [
        "| layer | planted bug | caught | element | diagnosis | said first |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for b in found["bugs"]:
        said = ", ".join(f"{kind} {n}" for kind, n in b["said"].items())
        lines.append(
            f"| {b['layer']} | {b['bug']} | {b['caught']} | {b['named']} "
            f"| {b['diagnosed']} | {said} |"
        )
    return "\n".join(lines)


def by_layer(found: dict[str, Any]) -> str:
    """One row for each right layer with a false alarm in any style, or an UNDECIDED of ours."""
    lines = [
        f"| right layer | ours | other styles' false alarms in {STYLE_RUNS} runs |",
        "| --- | --- | --- |",
    ]
    for row in found["layers"]:
        ours = ", ".join(f"{n} {verdict}" for verdict, n in sorted(row["verdicts"].items()))
        alarms = [f"{name} {n}" for name, n in row["styles"].items() if n]
        if alarms or set(row["verdicts"]) != {"PASS"}:
            lines.append(f"| {row['layer']} | {ours} | {', '.join(alarms) or 'none'} |")
    return "\n".join(lines)


def write(found: dict[str, Any]) -> None:
    """The JSON, and the tables between their markers in docs/gradcheck.md."""
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    parts = {"score": summary(found["total"]), "bugs": by_bug(found), "right": by_layer(found)}
    for name, table in parts.items():
        start, end = f"<!-- {name}: written by make gradcheck-score -->", f"<!-- end {name} -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}\n{table}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main() -> int:
    """The exit code: 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--correct", type=int, default=2000, help="runs on right layers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="layers and bugs whose name holds this text")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    found = measured(options.seeds, options.correct, options.jobs, options.only)
    print(by_bug(found), by_layer(found), summary(found["total"]), sep="\n\n")
    print(f"\n{found['seconds']:.0f} s")
    if not options.no_write and not options.only:
        write(found)
    complaints = missed(found["total"])
    for complaint in complaints:
        print(f"missed: {complaint}")
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main())
