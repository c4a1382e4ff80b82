"""Bugs are planted where they should be, and those that can be seen are caught."""

import cuda_launches
import cuda_mutants
import numpy as np
import pytest
from cuda_mutants import SAME, Try
from cuda_mutate import KINDS, bugs_of
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.testing.cuda_emulator import Emulated, compiler
from minitorch_cv.testing.cuda_emulator.sanitize import can_sanitize

TEXT = """// a < b in a comment stays
#define LESS(a, b) ((a) < (b))
template <typename T>
extern "C" __global__ void __launch_bounds__(256)
f(const float* __restrict__ x,  // (n + 1)
  float* __restrict__ y,        // (H, W)
  Long n)
{
    __syncthreads();
    float sum = 0.0f, best = -infinity();
    GRID_STRIDE(i, n - 4 * (n / 4)) y[i] = x[i + 1];
    for (Long p = blockIdx.y; p < H; p += gridDim.y) sum += x[p];  // p < H
    if (n > 2 && beats(sum, best)) atomicAdd(&y[0], larger(sum, -best));
    atomicAdd(y + 1, sum);
}
"""


def planted(kind):
    return [(bug.old, bug.new) for bug in bugs_of(TEXT) if bug.kind == kind]


def test_every_kind_is_planted():
    assert {bug.kind for bug in bugs_of(TEXT)} == set(KINDS)
    for bug in bugs_of(TEXT):
        assert bug.text != TEXT and bug.whole in TEXT and bug.text.count("\n") == TEXT.count("\n")


def test_where_they_are_planted():
    assert planted("barrier left out") == [("__syncthreads();", ";")]
    assert planted("bound off by one") == [("<", "<="), (">", ">=")]
    assert planted("one left out") == [("+ 1", "")] * 2
    assert planted("sum not atomic") == [
        ("atomicAdd(&y[0], larger(sum, -best));", "y[0] += larger(sum, -best);"),
        ("atomicAdd(y + 1, sum);", "*(y + 1) += sum;"),
    ]
    assert planted("sum overwritten") == [("+=", "=")]
    (loop, once), (step, far) = planted("no grid stride")
    assert loop == "GRID_STRIDE(i, n - 4 * (n / 4))" and "i < (n - 4 * (n / 4)); once = 0" in once
    assert (step, far) == ("p += gridDim.y", "p += 1 << 30")


def test_lines_and_what_they_read():
    bug = next(bug for bug in bugs_of(TEXT) if bug.kind == "NaN forgotten")
    assert bug.where.startswith("13: `larger(` → `fmaxf(` in `if (n > 2 && beats(sum, best))")


SUM = """extern "C" __global__ void __launch_bounds__(256)
total(const float* __restrict__ x,  // (n)
      float* __restrict__ y,        // (1)
      int n)
{
    int i = threadIdx.x;
    if (i < n) atomicAdd(&y[0], x[i]);
}
"""


@pytest.fixture
def total(tmp_path, monkeypatch):
    """A file with an atomic sum, and a launch of it."""
    if not can_sanitize("thread"):
        pytest.skip("no g++: CUDA kernels cannot run under its sanitizers")
    monkeypatch.setattr("minitorch_cv.kernels.cuda.launch.HERE", tmp_path)
    (tmp_path / "total.cu").write_text(SUM, encoding="utf-8")
    x, y = np.arange(40, dtype=np.float32), np.zeros(1, np.float32)
    before = [x, y.copy(), 40]
    Emulated(Source("total.cu")).launch("total", 1, 64, (x, y, 40))
    sizes, starts = (1, 1, 1, 64, 1, 1), [4, 0, 0]
    launch = cuda_launches.Launch("total.cu", "total", sizes, 0, before, [x, y, 40], starts)
    return {"total.cu": [launch]}


def answers(launches):
    tries = [Try("total.cu", bug, (Source("total.cu", bug.text),)) for bug in bugs_of(SUM)]
    return {t.bug.kind: cuda_mutants.judge(t, launches) for t in tries}


def test_a_sum_that_is_not_atomic_is_caught(total):
    """Its value is right on the emulator; the race detector sees it."""
    found = answers(total)
    assert found["sum not atomic"] == "sanitizer"
    assert found["bound off by one"] in ("value", "sanitizer")


def test_arrays_begin_where_they_began(total):
    x, y, n = total["total.cu"][0].arguments()
    assert (x.ctypes.data % 64, y.ctypes.data % 64, n) == (4, 0, 40)
    np.testing.assert_array_equal(x, np.arange(40))


def test_what_means_the_same_is_not_counted(total):
    assert cuda_mutants.fate_in_a_child(Source("total.cu"), total["total.cu"]) == SAME
    page = cuda_mutants.summary([(Try("total.cu", next(bugs_of(SUM)), ()), SAME)])
    assert page.startswith("0 planted")


def test_endless_loops_and_wild_writes_are_caught(total, monkeypatch):
    monkeypatch.setattr(cuda_mutants, "SECONDS", 3)
    wild = SUM.replace("&y[0]", "&y[1LL << 44]")  # 64 TiB on: no process has an array there
    endless = SUM.replace("if (i < n)", "while (i < n)")
    for text in (wild, endless):
        answer = cuda_mutants.fate_in_a_child(Source("total.cu", text), total["total.cu"])
        assert answer == "emulator"


def test_the_page(total):
    tries = [Try("total.cu", bug, ()) for bug in bugs_of(SUM)]
    page = cuda_mutants.summary([(t, "value" if k else "") for k, t in enumerate(tries)])
    assert page.startswith(f"{len(tries)} planted, {len(tries) - 1} caught")
    assert f"- total.cu:{tries[0].bug.where}" in page.partition("## What survives")[2]


def test_the_tests_themselves_can_judge():
    """As they do where launches cannot be run again, because arguments hold addresses."""
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    text = (HERE / "teaching/gemm.cu").read_text(encoding="utf-8")
    assert not cuda_launches.tests_fail("teaching/gemm.cu", text)
    assert cuda_launches.tests_fail("teaching/gemm.cu", text.replace("m < M && n < N", "m < M"))


def test_a_bug_that_never_lets_the_tests_end_is_caught(monkeypatch):
    """The tests of kernels as they are take longer than that, too."""
    monkeypatch.setattr(cuda_launches, "ENDLESS", 0.01)
    text = (HERE / "teaching/gemm.cu").read_text(encoding="utf-8")
    assert cuda_launches.tests_fail("teaching/gemm.cu", text)
