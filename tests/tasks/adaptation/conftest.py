"""A small residual network, and pictures of two to three classes that it can tell apart."""

import numpy as np
import pytest

from minitorch_cv.backend.random import manual_seed
from minitorch_cv.models import CifarResNet
from minitorch_cv.tasks.preprocessing import Preprocessing
from minitorch_cv.tasks.splits import Split


@pytest.fixture()
def network() -> CifarResNet:
    manual_seed(0)
    return CifarResNet([1, 1, 1], widths=(4, 6, 8))


@pytest.fixture()
def preprocessing() -> Preprocessing:
    return Preprocessing((8, 8), (8, 8), "crop", (0.5,) * 3, (0.25,) * 3, "RGB")


def drawn(count: int, seed: int) -> Split:
    """Pictures whose class is the channel that is bright."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.uniform(0, 0.5, (count, 3, 8, 8)).astype(np.float32)
    images[np.arange(count), labels] += 0.4
    return Split(images, labels, ("red", "green", "blue"))


@pytest.fixture()
def train() -> Split:
    return drawn(60, 1)


@pytest.fixture()
def test() -> Split:
    return drawn(30, 2)
