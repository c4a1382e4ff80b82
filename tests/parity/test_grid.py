"""Every row of the grid with PyTorch: values, gradients, buffers, dtypes, and which calls raise."""

import sys
from pathlib import Path

import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from grid import all_rows  # noqa: E402
from grid.compare import run_row  # noqa: E402


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_row(row):
    outcome = run_row(row, torch, mt)
    shown = "\n".join(outcome.failures[:20])
    assert not outcome.failures, f"{len(outcome.failures)} differ\n{shown}"
    assert outcome.compared
