"""Training steps on the strict fake device: nothing crosses, nothing waits, the numbers stay."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn, optim
from minitorch_cv.testing import fake_device

sys.path.insert(0, str(Path(__file__).resolve().parent))

from narrow import narrow  # noqa: E402

pytestmark = pytest.mark.cpu("compares the CPU with the fake device itself")


def resnet18_cifar():
    """As for CIFAR: a 3 × 3 stem without a pool; a sixteenth of the channels."""
    with narrow(mt, 16):
        model = models.get_model("resnet18", num_classes=160)
        model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


NETWORKS = {
    "lenet": (lambda: models.get_model("lenet"), (4, 1, 32, 32), ()),
    "resnet18_cifar": (resnet18_cifar, (3, 3, 16, 16), ()),
    "unet": (
        lambda: models.get_model("unet_same", depth=2, width=4, num_classes=2),
        (2, models.published("unet_same").input_size[0], 16, 16),
        (16, 16),
    ),
}


def batch(shape, maps):
    rng = np.random.default_rng(0)
    images = mt.tensor(rng.normal(size=shape).astype(np.float32))
    return images, mt.tensor(rng.integers(0, 2, size=(shape[0], *maps)))


def steps(model, optimizer, images, labels):
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
    return loss


@pytest.fixture
def fake():
    with fake_device() as counters:
        yield counters


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_crosses_nothing_and_waits_for_nothing(fake, name, kind):
    make, shape, maps = NETWORKS[name]
    images, labels = batch(shape, maps)
    values = []
    for place in ("cpu", "fake"):
        mt.manual_seed(0)
        model = make().double().to(place)
        optimizer = kind(model.parameters(), lr=0.01)
        x, t = images.double().to(place), labels.to(place)
        fake.inside.clear()
        before = vars(fake).copy()
        loss = steps(model, optimizer, x, t)
        assert not fake.inside, fake.inside
        for what in ("waits", "downloads", "uploads", "masks", "judged"):
            assert getattr(fake, what) == before[what], (what, fake.last)
        values.append([loss.item(), *(p.detach().cpu().numpy() for p in model.parameters())])
    for a, b in zip(*values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_label_out_of_range_is_told_when_the_loss_is_read(fake):
    scores = mt.zeros(3, 4, device="fake")
    wrong = mt.tensor([0, 7, 1], device="fake")
    late = nn.functional.cross_entropy(scores, wrong.clamp(max=3))
    late.item()
    with pytest.raises(ValueError, match="label 7 at position 1 is out of range for 4 classes"):
        nn.functional.cross_entropy(scores, wrong).item()
