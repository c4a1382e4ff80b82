"""batch_norm_running: the running statistics of the CPU bit for bit, in one launch."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.norm import running

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F
from minitorch_cv.testing.cuda_emulator import emulated_cuda


def followed(place, momentum, C=7, steps=3):
    """Running statistics after some batches, and how often they were changed."""
    mt.manual_seed(0)
    mean, var = mt.randn(C).to(place), mt.rand(C).to(place)
    for step in range(steps):
        x = np.random.default_rng(step).normal(3, 2, size=(2, C, 5, 3)).astype("f")
        F.batch_norm(mt.from_numpy(x).to(place), mean, var, training=True, momentum=momentum)
    return (mean.cpu().numpy(), var.cpu().numpy()), (mean._version.value, var._version.value)


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, 1 / 3])
def test_equals_numpy_on_the_same_batch_statistics(momentum, order, blocks):
    rng = np.random.default_rng(1)
    given = [rng.normal(size=603).astype("f") for _ in range(4)]
    n = 30
    with emulated_cuda(order) as counters:
        there = [counters.library.from_numpy(a.copy()) for a in given]
        assert running.takes(*there)
        running.follow(*there, n / (n - 1), momentum)
        got = [a.get() for a in there]
    running_mean, running_var, mean, var = given
    np.testing.assert_array_equal(got[0], (1 - momentum) * running_mean + momentum * mean)
    unbiased = var * (n / (n - 1))
    np.testing.assert_array_equal(got[1], (1 - momentum) * running_var + momentum * unbiased)
    np.testing.assert_array_equal(got[2], mean)
    np.testing.assert_array_equal(got[3], var)


@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_follows_the_batches_as_the_cpu_does(momentum, emulator):
    want, versions = followed("cpu", momentum)
    device = emulated_cuda()
    with device:
        got, there = followed("cuda", momentum)
    assert there == versions
    names = [name for _, name in device.device.launched]
    assert names.count("batch_norm_running") == 3
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_what_the_kernel_leaves_to_the_namespace(emulator):
    """Statistics of another dtype, and views whose elements lie apart."""
    with emulated_cuda() as counters:
        one = counters.library.from_numpy(np.ones(6, "f"))
        assert running.takes(one, one) and not running.takes(one, one.astype("float64"))
        assert not running.takes(one, one[::2]) and not running.takes(one[:0])
        assert not running.takes(np.ones(3, "f"))


def test_a_module_counts_its_batches(emulator):
    with emulated_cuda():
        layer = nn.BatchNorm2d(4).to("cuda")
        layer(mt.rand(2, 4, 3, 3).to("cuda"))
        assert int(layer.num_batches_tracked) == 1
        assert float(layer.running_var.mean()) != 1.0
        layer.eval()
        before = layer.running_mean.cpu().numpy()
        layer(mt.rand(2, 4, 3, 3).to("cuda"))
        np.testing.assert_array_equal(layer.running_mean.cpu().numpy(), before)
