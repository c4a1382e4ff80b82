"""Writes docs/parity.md: for each layer and function, how many calls equal PyTorch's.

    python tools/pages/page_parity.py [--jobs 2]

Runs the whole grid (tests/grid) with both libraries; exit code 1 where something differs.
tests/parity/test_grid.py demands that the page says what the grid gives.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes share the machine

import argparse
import importlib
import multiprocessing
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from grid import all_rows, rows  # noqa: E402 (found below tests/)
from grid.compare import Outcome, run_row  # noqa: E402
from grid.optim_cases import COUNTS  # noqa: E402
from grid.page import line_of, title_of  # noqa: E402

PAGE = ROOT / "docs" / "parity.md"
HEAD = """# Equal to PyTorch

Written by `make docs-parity`. Each row is a layer or a function, called with the same numbers in
PyTorch {version} and here, over a grid of arguments (`tests/grid/rows`), in float64 and in float32.
**equal**: calls whose outputs (values, dtype, shape, requires_grad), gradients of all
inputs and parameters, and buffers after the call agree: to 1e-9 of the largest value in float64, to
2e-5 in float32. **raise**: calls that raise an error in both. **left out**: calls on which the two
differ on purpose, with the reason.

`tests/test_grid_gradients.py` checks first and second derivatives on the same rows by difference
quotients, without PyTorch.

{rows} rows, {equal} calls equal, {raised} calls raise in both, {left_out} left out.
"""
TABLE = "| | equal | raise | left out |\n| --- | ---: | ---: | --- |\n"


def outcome(number: int) -> Outcome:
    """One row's outcome, in a process of its own."""
    import torch

    import minitorch_cv

    torch.set_num_threads(1)
    return run_row(all_rows()[number], torch, minitorch_cv)


def page(found: list[Outcome], version: str) -> str:
    """The whole page."""
    text = [HEAD.format(
        version=version, rows=len(found), equal=f"{sum(o.compared for o in found):,}",
        raised=f"{sum(o.raised for o in found):,}",
        left_out=f"{sum(sum(o.left_out.values()) for o in found):,}",
    )]  # fmt: skip
    families: dict[str, list[tuple[str, str]]] = {}
    for row, result in zip(all_rows(), found, strict=True):
        lines = families.setdefault(title_of(row, rows.__name__), [])
        lines.append((row.name, line_of(row, result)))
    for title, lines in families.items():
        text.append(f"## {title}\n\n{TABLE}" + "\n".join(line for _, line in sorted(lines)))
        text.append("")
    text.append(_optimizers())
    return "\n".join(text)


def _optimizers() -> str:
    """Optimizers, schedules, clipping and averaging, whose cases are lists of options."""
    lines = [
        "## Optimizers, schedules, clipping, averaging\n",
        "Every optimizer takes 50 steps in float64 with each set of options: its parameters equal",
        "PyTorch's to 1e-6. Every schedule's rates equal PyTorch's to 1e-12 over 60 steps or more.",
        "See `tests/parity/optim`.\n",
        "| | cases |\n| --- | ---: |",
    ]
    rows = (row for kind in COUNTS.values() for row in kind.items())
    return "\n".join([*lines, *(f"| `{name}` | {count} |" for name, count in rows)]) + "\n"


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write docs/parity.md.")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(argv)
    torch: Any = importlib.import_module("torch")
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        found = pool.map(outcome, range(len(all_rows())), chunksize=4)
    PAGE.write_text(page(found, torch.__version__.partition("+")[0]), encoding="utf-8")
    failures = [failure for result in found for failure in result.failures]
    sys.stderr.write("".join(f"{failure}\n" for failure in failures))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
