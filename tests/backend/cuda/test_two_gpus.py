"""Tensors on one GPU while another is the current one: everything is made and done beside them."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing.cuda_emulator.two_gpus import two_gpus

RULES = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
}


@pytest.fixture
def gpus(emulator):
    device = two_gpus()
    with device:
        yield device


def network():
    mt.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 1), nn.GroupNorm(2, 6), nn.GELU(),
        nn.InstanceNorm2d(6, track_running_stats=True),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(24, 10),
    )  # fmt: skip


def train(place, make, dtype=np.float32, scaled=False, graphed=False):
    """Losses, parameters and statistics, and the places of all that there is."""
    model = network().to(place, dtype)
    optimizer = make(model.parameters())
    scaler = mt.amp.GradScaler("cuda", init_scale=2.0**10, enabled=scaled)

    def step(x, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        if scaled:
            scaler.update()
        return loss

    run = mt.cuda.graph(step) if graphed else step
    rng, losses = np.random.default_rng(0), []
    for _ in range(5):
        x = mt.from_numpy(rng.normal(size=(6, 1, 8, 8)).astype(dtype)).to(place)
        losses.append(run(x, mt.from_numpy(rng.integers(0, 10, 6)).to(place)).detach().clone())
    kept = [*losses, *model.state_dict().values(), *(p.grad for p in model.parameters())]
    kept += [v for p in model.parameters() for v in optimizer.state[p].values() if v.is_cuda]
    return [t.cpu().numpy() for t in kept], {str(t.device) for t in kept}


@pytest.mark.parametrize("options", [
    {}, {"scaled": True}, {"graphed": True}, {"dtype": np.float64},
    {"dtype": np.float64, "scaled": True},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("name", RULES)
def test_training_beside_the_current_gpu(name, options, gpus):
    want, first = train("cuda:0", RULES[name], **options)
    got, second = train("cuda:1", RULES[name], **options)
    assert (first, second) == ({"cuda:0"}, {"cuda:1"})
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    assert gpus.places.current == 0


def test_inplace_indexing_and_second_derivatives(gpus):
    found = []
    for place in ("cuda:0", "cuda:1"):
        x = mt.arange(12).float().reshape(3, 4).to(place).requires_grad_()
        y = (x * x).sum() + x.softmax(1)[:, 0].sum() + (x * 2).sum()
        (gx,) = mt.autograd.grad(y, x, create_graph=True)
        (gx * gx).sum().backward()
        z = x.detach().clone()
        z += 1
        z[1:] = z[:2] * 2
        z[0, 0] = 7
        z.mul_(2).clamp_(max=9)
        found.append([t.cpu().numpy() for t in (y.detach(), x.grad, z)])
        assert {str(t.device) for t in (y, gx, x.grad, z)} == {place}
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_clipping_attention_and_accuracy(gpus):
    found = []
    for place in ("cuda:0", "cuda:1"):
        rng = np.random.default_rng(0)
        q, k, v = (mt.from_numpy(rng.normal(size=(2, 5, 4)).astype("f")).to(place)
                   for _ in range(3))  # fmt: skip
        q.requires_grad_()
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        (y * y).sum().backward()
        right = (y.argmax(-1) == y.argmax(-1)).all()
        norm = nn.utils.clip_grad_norm_([q], 0.1)
        found.append([t.detach().cpu().numpy() for t in (y, q.grad, norm, right)])
        assert {str(t.device) for t in (y, q.grad, norm, right)} == {place}
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_labels_are_told_by_their_own_gpu(gpus):
    F.cross_entropy(mt.zeros(3, 4).to("cuda:1"), mt.tensor([0, 7, 1]).to("cuda:1"))
    mt.cuda.synchronize()  # of the current GPU
    with gpus.cupy.cuda.Device(1), pytest.raises(ValueError, match="label 7 at position 1"):
        mt.cuda.synchronize()


def test_two_gpus_in_one_call_are_refused(gpus):
    a, b = mt.ones(3).to("cuda:0"), mt.ones(3).to("cuda:1")
    with pytest.raises(TypeError, match="add: inputs lie on different devices"):
        a + b
    assert (a + b.to("cuda:0")).cpu().tolist() == [2, 2, 2]
    assert str(b.to("cuda:0").device) == "cuda:0" and str(b.device) == "cuda:1"


def test_the_stand_in_is_strict(gpus):
    """What this file rests on: CuPy would not compute with an array of another GPU."""
    x = mt.ones(3).to("cuda:1").array
    with pytest.raises(ValueError, match="array device = 1 while current = 0"):
        x + 1
    with gpus.cupy.cuda.Device(1):
        y = x + 1
    assert y.device.id == 1 and y[1:].device.id == 1
    assert gpus.cupy.zeros(2).device.id == 0
