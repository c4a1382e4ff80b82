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
from grid.page import line_of  # noqa: E402

PAGE = TESTS.parent / "docs" / "parity.md"


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_row(row):
    outcome = run_row(row, torch, mt)
    shown = "\n".join(outcome.failures[:20])
    assert not outcome.failures, f"{len(outcome.failures)} differ\n{shown}"
    assert outcome.compared or outcome.raised or outcome.left_out
    line = line_of(row, outcome)
    assert line in PAGE.read_text("utf-8"), f"{line} is not in it; run tools/pages/page_parity.py"


def test_every_layer_and_function_has_a_row():
    names = {row.name for row in all_rows()}
    layers = {f"nn.{name}" for name in public_layers()}
    functions = {f"F.{name}" for name in mt.nn.functional.__all__}
    ours_alone = {name for name in layers | functions if not exists(torch, name)}
    inside = {"F.multi_head_attention_forward"}  # called by the row of nn.MultiheadAttention
    assert sorted((layers | functions) - names - ours_alone - inside) == []


def public_layers():
    held = {"Module", "Sequential", "ModuleList", "ModuleDict"}  # which have no grid of arguments
    found = {name: getattr(mt.nn, name) for name in mt.nn.__all__ if name not in held}
    return {k for k, v in found.items() if isinstance(v, type) and issubclass(v, mt.nn.Module)}


def exists(library, name):
    home, _, member = name.partition(".")
    return hasattr(library.nn if home == "nn" else library.nn.functional, member)
