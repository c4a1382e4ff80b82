"""Every kernel keeps to its registers and shared memory, and none spills; measured by nvcc."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from minitorch_cv.kernels.cuda.launch import Source

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

import cuda_budget  # noqa: E402


@pytest.fixture
def nvcc():
    if cuda_budget.find_nvcc() is None:
        pytest.skip("no nvcc: CUDA kernels' registers and spills are not measured")


def test_every_kernel_has_a_budget():
    """Seen on every machine: the budget names the kernels that there are, and no others."""
    there = {file: set(Source(file).kernels) for file in cuda_budget.cuda_files()}
    granted = {file: set(kernels) for file, kernels in cuda_budget.load().items()}
    assert granted == there, f"renew the budget: {cuda_budget.RENEW}"


@pytest.mark.parametrize("file", cuda_budget.cuda_files())
def test_within_budget(file, nvcc):
    found = cuda_budget.complaints(file, cuda_budget.measure(Source(file)), cuda_budget.load())
    assert found == [], "\n" + "\n".join(found)


HUNGRY = """extern "C" __global__ void __launch_bounds__(1024, 2)
hungry(const float* x,  // (64, 1024)
       float* y)        // (64, 1024)
{
    float kept[64];
    for (int k = 0; k < 64; k++) kept[k] = x[k * 1024 + threadIdx.x];
    for (int r = 0; r < 64; r++)
        for (int k = 0; k < 64; k++) kept[k] = kept[k] * kept[(k + 7 * r + 1) % 64] + 1.0f;
    for (int k = 0; k < 64; k++) y[k * 1024 + threadIdx.x] = kept[k];
}"""


def test_a_spill_is_seen(nvcc):
    """64 numbers for a thread that may have 32 registers."""
    source = Source("hungry.cu", HUNGRY)
    uses = cuda_budget.measure(source, ["sm_90"])
    budget = {"hungry.cu": cuda_budget.as_budget(uses)}
    found = cuda_budget.complaints("hungry.cu", uses, budget)
    assert uses["hungry"]["sm_90"].registers <= 32
    assert len(found) == 1 and found[0].startswith("hungry: spills ")


def test_what_does_not_compile_is_an_error(nvcc):
    source = Source("bad.cu", 'extern "C" __global__ void bad(float* x) { x[0] = y; }')
    with pytest.raises(RuntimeError, match="bad.cu does not compile"):
        cuda_budget.measure(source)
