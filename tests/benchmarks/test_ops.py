"""The benchmarks run, in a process of their own, and write what they measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(script, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_ops_are_timed_and_written(tmp_path):
    out = tmp_path / "ops.json"
    text = run("ops.py", "relu", "where", "cross_entropy", "--quick", "--out", out)
    assert [line.split()[0] for line in text.splitlines()] == [
        "op",
        "relu",
        "where",
        "cross_entropy",
    ]
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["machine"]["cpu"]
    assert all(row["ours"]["forward"] > 0 for row in written["seconds"].values())


@pytest.mark.slow
def test_every_op_has_a_row(tmp_path):
    out = tmp_path / "ops.json"
    run("ops.py", "--quick", "--out", out)
    from minitorch_cv.ops.catalog import op_names

    assert sorted(json.loads(out.read_text(encoding="utf-8"))["seconds"]) == op_names()
