"""Every kernel compiles, without a warning, for every kind of GPU that CUDA 13 knows."""

from __future__ import annotations

import pytest
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.testing.nvrtc import ARCHITECTURES, compile_cuda, library

FILES = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


@pytest.fixture(autouse=True)
def nvrtc():
    if library() is None:
        pytest.skip("no NVRTC: CUDA kernels are not compiled for GPUs (pip install .[nvrtc])")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("file", FILES)
def test_compiles(file, architecture):
    assert compile_cuda(Source(file), architecture) == ""


@pytest.mark.parametrize("body, words", [
    ("x[0] = INFINITY;", "INFINITY"),
    ("int unused = 3;", "warning"),
    ("x[0] = y;", "undefined"),
])  # fmt: skip
def test_complaints_are_seen(body, words):
    text = f'extern "C" __global__ void f(float* x) {{ {body} }}'
    assert words in compile_cuda(Source("bad.cu", text), "sm_90")
