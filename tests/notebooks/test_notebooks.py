"""Every notebook runs from top to bottom, in time, and is committed with its outputs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from minitorch_cv.testing.cuda_emulator import compiler

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# How many pictures each has at least: by hand, every intermediate; of a kernel, six.
PICTURES = {"01_backprop_by_hand.ipynb": 20, "02_a_cuda_kernel.ipynb": 6}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_within_a_minute(path: Path) -> None:
    if "cuda" in path.name and compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "notebooks.py", "--check", path.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_committed_with_outputs_and_without_errors(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "error" not in kinds
    assert kinds.count("display_data") >= PICTURES[path.name]
