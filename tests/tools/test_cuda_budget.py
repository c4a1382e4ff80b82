"""The report of the assembler is read right, and what is over the budget is said."""

import cuda_budget
import pytest
from cuda_budget import Use

REPORT = """
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'tiled' for 'sm_75'
ptxas info    : Function properties for tiled
    8 bytes stack frame, 12 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 8 bytes cumulative stack size, 8448 bytes smem
ptxas info    : Compile time = 66.222 ms
ptxas info    : Compiling entry function 'plain' for 'sm_75'
ptxas info    : Function properties for plain
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 41 registers, used 0 barriers, 400 bytes cmem[0]
ptxas info    : Compiling entry function 'plain' for 'sm_90'
ptxas info    : Function properties for plain
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers, used 0 barriers
"""
USES = {"plain": {"sm_75": Use(41, 0, 0, 0), "sm_90": Use(32, 0, 0, 0)}}
BUDGET = {"a.cu": cuda_budget.as_budget(USES)}


def test_a_report_is_read():
    tiled = {"tiled": {"sm_75": Use(registers=64, shared=8448, stack=8, spilled=16)}}
    assert cuda_budget.read(REPORT) == USES | tiled


def test_a_budget_goes_by_eights():
    entry = {"shared": 0, "stack": 0, "registers": {"sm_75": 48, "sm_90": 32}}
    assert cuda_budget.as_budget(USES) == {"plain": entry}
    assert cuda_budget.complaints("a.cu", USES, BUDGET) == []


@pytest.mark.parametrize("use, words", [
    (Use(33, 0, 0, 0), "plain: takes 33 registers on sm_90 (budget: 32)"),
    (Use(32, 16, 0, 0), "plain: takes 16 bytes of shared memory on sm_90 (budget: 0)"),
    (Use(32, 0, 8, 0), "plain: takes 8 bytes of stack on sm_90 (budget: 0)"),
    (Use(32, 0, 0, 4), "plain: spills 4 bytes on sm_90"),
])  # fmt: skip
def test_what_is_over_the_budget_is_said(use, words):
    (found,) = cuda_budget.complaints("a.cu", {"plain": {"sm_90": use}}, BUDGET)
    assert found.startswith(words)


def test_kernels_come_and_go():
    (found,) = cuda_budget.complaints("b.cu", USES, BUDGET)
    assert found.startswith("plain: has no budget") and found.endswith(cuda_budget.RENEW)
    (found,) = cuda_budget.complaints("a.cu", {}, BUDGET)
    assert found.startswith("plain: is in the budget but not in a.cu")


@pytest.mark.parametrize("use, threads, warps", [
    (Use(32, 0, 0, 0), 256, 64), (Use(40, 0, 0, 0), 256, 48), (Use(94, 8448, 0, 0), 256, 16),
    (Use(16, 100 << 10, 0, 0), 256, 16), (Use(16, 0, 0, 0), 32, 32),
])  # fmt: skip
def test_resident_warps(use, threads, warps):
    assert cuda_budget.resident_warps(use, threads) == warps


def test_without_the_compiler(monkeypatch, capsys):
    monkeypatch.setattr(cuda_budget, "find_nvcc", lambda: None)
    monkeypatch.setattr("sys.argv", ["cuda_budget.py"])
    assert cuda_budget.main() == 1
    assert "install NVIDIA's CUDA toolkit" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="needs nvcc"):
        cuda_budget.measure(cuda_budget.Source("a.cu", ""))
