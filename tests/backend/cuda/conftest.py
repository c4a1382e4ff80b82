"""A GPU that is made of the emulator and a stand-in for CuPy."""

from __future__ import annotations

import pytest

from minitorch_cv.testing.cuda_emulator import compiler
from minitorch_cv.testing.cuda_emulator.standin import standin_cuda


@pytest.fixture
def emulator():
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")


@pytest.fixture
def standin(emulator):
    device = standin_cuda()
    with device:
        yield device
