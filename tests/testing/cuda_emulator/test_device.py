"""The stand-in for the device "cuda": networks run on it, and nothing crosses to the host."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.backend.library import library_named
from minitorch_cv.testing.cuda_emulator import ORDERS, compiler, emulated_cuda

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="no g++: CUDA kernels cannot run on the emulator"
)


def step(device):
    """The loss and the gradients of a small network after one step."""
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 5),
    ).to(device)  # fmt: skip
    x = mt.tensor(np.random.default_rng(0).normal(size=(3, 2, 6, 7)).astype(np.float32))
    y = mt.tensor(np.array([0, 3, 2])).to(device)
    loss = nn.CrossEntropyLoss()(model(x.to(device)), y)
    loss.backward()
    return loss, [p.grad for p in model.parameters()]


@pytest.mark.parametrize("order", ORDERS)
def test_a_network_learns_the_same(order):
    want, wanted = step("cpu")
    device = emulated_cuda(order)
    with device as counters:
        loss, grads = step("cuda")
        assert counters.total() == 0, counters.last
        assert loss.device.type == "cuda"
        found = [t.detach().cpu().numpy() for t in (loss, *grads)]
    for a, b in zip(found, (want, *wanted), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-4, atol=1e-5)
    kernels = {name for _, name in device.device.launched}
    assert {
        "im2col", "batch_norm_forward", "batch_norm_backward", "relu_forward", "relu_backward",
        "max_pool_forward", "max_pool_backward", "cross_entropy_positions",
    } <= kernels  # fmt: skip


def test_the_device_is_gone_afterwards():
    device = emulated_cuda()
    with device:
        assert library_named("cuda") is device.library
    assert library_named("cuda") is not device.library


def test_fresh_memory_is_nan():
    device = emulated_cuda()
    with device:
        assert np.isnan(device.device.empty((3,), np.float32).get()).all()
