"""Trains LeNet-5 on the digits with the default recipe under several seeds, and reports honestly.

    python benchmarks/lenet_digits.py [--seeds 5] [--out benchmarks/results/lenet_digits.json]

Writes the accuracies and times as JSON, and the sentence about them into README.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from timing import RESULTS, machine

from minitorch_cv.cli import main as command

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- demo:start -->\n", "<!-- demo:end -->"
TEST_IMAGES = 360


def train(seed: int) -> dict[str, float]:
    """One run of the default recipe: test accuracy, training seconds, seconds of the command."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        arguments = ["train", "lenet", "--data", "digits", "--seed", str(seed), "--out", folder]
        code = command([*arguments, "--overwrite"])
        seconds = time.perf_counter() - start
        if code:
            raise SystemExit(f"lenet_digits: seed {seed} ended with exit code {code}")
        lines = (Path(folder) / "metrics.jsonl").read_text().splitlines()
    epochs = [json.loads(line) for line in lines]
    return {
        "seed": seed,
        "accuracy": epochs[-1]["test_accuracy"],
        "training_seconds": round(sum(epoch["seconds"] for epoch in epochs), 1),
        "command_seconds": round(seconds, 1),
    }


def sentence(runs: list[dict[str, float]], place: str) -> str:
    """What the README says about these runs."""
    right = [round(run["accuracy"] * TEST_IMAGES) for run in runs]
    typical = statistics.median(run["command_seconds"] for run in runs)
    return (
        f"Measured with {len(runs)} seeds on {place}: {min(right)} to {max(right)} of the "
        f"{TEST_IMAGES} right ({100 * min(right) / TEST_IMAGES:.2f} to "
        f"{100 * max(right) / TEST_IMAGES:.2f} %),\n{typical:.0f} s for the whole command in the "
        "median, gradient checks and report included\n(`benchmarks/lenet_digits.py`).\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--out", type=Path, default=RESULTS / "lenet_digits.json")
    arguments = parser.parse_args()
    runs = [train(seed) for seed in range(arguments.seeds)]
    about = machine(threads=1)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"machine": about, "runs": runs}, indent=1) + "\n")
    readme = ROOT / "README.md"
    text = readme.read_text()
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    place = f"{about['cores']} cores of an {about['cpu']}"
    readme.write_text(head + START + sentence(runs, place) + END + tail)
    return 0


if __name__ == "__main__":
    sys.exit(main())
