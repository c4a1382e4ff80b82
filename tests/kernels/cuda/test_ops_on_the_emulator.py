"""Every op that has a CUDA kernel gives, on the emulator, what it gives on the CPU.

The check is the one that runs on a GPU (`CUDA equals CPU`), with all samples of the op, here on a
device "cuda" that is made of the emulator: values, gradients, dtypes, errors, nothing crossing to
the host. The second test demands that no kernel is left out.
"""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import KERNELS
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.backend.registry import find_kernel
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda

# Launched by tests of their own: no op has these.
ALONE = {
    "gemm_plain", "gemm_tiled", "conv_implicit_gemm", "dropout_mask",
    "cross_entropy_rows", "cross_entropy_rows_backward",
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_op(name, order):
    device = emulated_cuda(order)
    with device:
        cuda_equals_cpu(op_named(name), np.random.default_rng(0))
        assert find_kernel(name, "cuda") is not None
    assert device.device.launched, f"{name}: its kernel never ran"


def test_every_kernel_is_launched(emulator):
    there = {k for file in HERE.rglob("*.cu") for k in Source(str(file.relative_to(HERE))).kernels}
    device = emulated_cuda()
    with device:
        for name in KERNELS:
            cuda_equals_cpu(op_named(name), np.random.default_rng(0))
    launched = {kernel for _, kernel in device.device.launched}
    assert there - launched == ALONE
