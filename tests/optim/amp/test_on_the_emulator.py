"""Mixed precision on a device "cuda" made of the emulator: the same run, one wait for each step."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn, optim
from minitorch_cv.testing.cuda_emulator import compiler, emulated_cuda

pytestmark = pytest.mark.cpu("opens a device of its own, beside the CPU")


@pytest.fixture(autouse=True)
def emulator():
    if compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")


def trained(place, counters, steps=6):
    """Losses, the scale after each step, the parameters, and how often the host waited."""
    mt.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
                          nn.Dropout(0.2), nn.Flatten(), nn.Linear(144, 10)).to(place)  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    scaler = mt.amp.GradScaler(place, init_scale=2.0**10, growth_interval=2)
    rng, losses, scales = np.random.default_rng(0), [], []
    batches = [rng.normal(size=(4, 1, 8, 8)).astype(np.float32) for _ in range(steps)]
    labels = mt.tensor(np.arange(4)).to(place)
    for x in [mt.tensor(b).to(place) for b in batches]:
        optimizer.zero_grad()
        with mt.autocast(place):
            loss = F.cross_entropy(model(x), labels)
        scaler.scale(loss).backward()
        before = counters.total()
        scaler.step(optimizer)
        scaler.update()
        waits = counters.total() - before  # whether to step, and were the labels good?
        assert waits in ((1, 2) if place == "cuda" else (0,)), counters.last
        losses.append(loss.detach())
        scales.append(scaler.get_scale())
    return (
        [v.item() for v in losses],
        scales,
        [p.detach().cpu().numpy() for p in model.parameters()],
    )


def test_a_training_run_is_that_of_the_cpu():
    device = emulated_cuda()
    with device as counters:
        (losses, scales, params), (want, wanted, known) = (
            trained(place, counters) for place in ("cuda", "cpu")
        )
    assert scales == wanted == [2.0**10, 2.0**11, 2.0**11, 2.0**12, 2.0**12, 2.0**13]
    np.testing.assert_allclose(losses, want, atol=5e-3)
    for p, q in zip(params, known, strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=5e-3)
    launched = {kernel for _, kernel in device.device.launched}
    assert {"adam_update", "dropout_mask"} <= launched


def test_linear_multiplies_float16_there():
    """The products are float16's own on the device; what they give is what the CPU gives."""
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=s).astype(np.float32) for s in ((5, 7), (3, 7), (3,))]
    found = []
    for place in ("cuda", "cpu"):
        with emulated_cuda():
            x, w, b = (mt.tensor(v).to(place).requires_grad_() for v in drawn)
            with mt.autocast(place):
                y = F.linear(x, w, b)
            y.float().sum().backward()
            found.append([v.detach().cpu().numpy() for v in (y, x.grad, w.grad, b.grad)])
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-2)
