"""The smallest part of the adaptation benchmark runs on real data; pages keep their own text."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_comparison_is_written(data_dir, tmp_path):
    (weights,) = (data_dir / "resnet_cifar10").glob("resnet20*.th")
    command = [
        sys.executable, str(ROOT / "benchmarks" / "adaptation.py"), "--quick", "--threads", "1",
        "--weights", str(weights), "--mnist", str(data_dir / "mnist"),
        "--cache", str(tmp_path / "kept"), "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "mnist fine-tune 1 seed 0: 0." in text
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".md", ".csv", ".png"}


def test_only_the_measured_part_of_a_page_changes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from page_part import BEGIN, END, put, where

    page = tmp_path / "page.md"
    page.write_text(f"# a\n{BEGIN}\nold\n{END}\nb\n")
    put(page, "new\n")
    put(page, "newer")
    assert page.read_text() == f"# a\n{BEGIN}\nnewer\n{END}\nb\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        put(page, "new")
    assert where({"cpu": "X", "threads": 2}, 90) == "X, 2 threads, 1.5 minutes."
