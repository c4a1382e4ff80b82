"""Every op that has a CUDA kernel gives, on the emulator, what it gives on the CPU.

The check is the one that runs on a GPU (`CUDA equals CPU`), with all samples of the op, here on a
device "cuda" that is made of the emulator: values, gradients, dtypes, errors, nothing crossing to
the host. The second test demands that no kernel is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from minitorch_cv.kernels.cuda import KERNELS
from minitorch_cv.kernels.cuda.launch import HERE, Source

from minitorch_cv.backend.registry import find_kernel
from minitorch_cv.ops.catalog import op_named, op_names
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

import cuda_launches  # noqa: E402

OPS = sorted(KERNELS.keys() & set(op_names()))  # optimizers have kernels, too, and are no ops


@pytest.mark.parametrize("name", OPS)
def test_op(name, order):
    device = emulated_cuda(order)
    with device:
        cuda_equals_cpu(op_named(name), np.random.default_rng(0))
        assert find_kernel(name, "cuda") is not None
    assert device.device.launched, f"{name}: its kernel never ran"


def test_every_kernel_is_launched(emulator):
    """By the samples of an op, or by a test of its family, which is run to see it."""
    files = [path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu")]
    idle = {(file, kernel) for file in files for kernel in Source(file).kernels}
    device = emulated_cuda()
    with device:
        for name in OPS:
            cuda_equals_cpu(op_named(name), np.random.default_rng(0))
    idle -= set(device.device.launched)
    for family in sorted({file.partition("/")[0] for file, _ in idle}):
        idle -= {(launch.file, launch.kernel) for launch in cuda_launches.launches_of(family)}
    assert idle == set()
