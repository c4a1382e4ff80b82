"""What is timed: networks, their images, labels and weights, the same numbers for every engine."""

from __future__ import annotations

import math
import zlib
from typing import Any, NamedTuple

import numpy as np

LEARNING_RATE, MOMENTUM = 1e-4, 0.9
MODES = ("infer", "folded", "train")  # folded: inference with batch norm in the convolutions


class Work(NamedTuple):
    """`batch` images (channels, size, size) through a network.

    model: its name in minitorch_cv.models, or one of `network` below. dense: a label for each
    pixel instead of one for each image.
    """

    name: str
    model: str
    batch: int
    channels: int = 3
    size: int = 224
    classes: int = 1000
    dense: bool = False
    options: dict[str, Any] = {}

    @property
    def images(self) -> tuple[int, ...]:
        return (self.batch, self.channels, self.size, self.size)


WORKS = (
    Work("lenet5_b1", "lenet5", 1, 1, 28, 10),
    Work("lenet5_b128", "lenet5", 128, 1, 28, 10),
    Work("resnet20_cifar_b32", "resnet20", 32, 3, 32, 10),
    Work("resnet18_cifar_b32", "resnet18_cifar", 32, 3, 32, 10),
    # without dropout, whose masks would differ between the engines, and with them the losses
    Work("vgg16_b4", "vgg16", 4, options={"dropout": 0.0}),
    Work("resnet18_b8", "resnet18", 8),
    Work("resnet50_b4", "resnet50", 4),
    Work("densenet121_b2", "densenet121", 2),
    Work("unet_b2", "unet_same", 2, 1, 256, 2, dense=True),
)

# Seconds of a training step, quoted: float32, 2 cores with AVX-512 of another machine, one run.
QUOTED = {
    "resnet18_cifar_b32": {"torch": 0.66, "jax": 1.75, "chainer": 4.8, "dezero": 10.0},
    "lenet5_b128": {"torch": 0.010, "chainer": 0.055, "dezero": 0.065},
}


def work_named(name: str) -> Work:
    """The row of WORKS. Raises ValueError for another name."""
    for work in WORKS:
        if work.name == name:
            return work
    raise ValueError(f"no work is called {name!r}; there are {', '.join(w.name for w in WORKS)}")


def network(work: Work, models: Any, nn: Any) -> Any:
    """The network, of either library's layers: `models` is minitorch_cv.models on top of `nn`."""
    if work.model == "lenet5":
        return models.LeNet5(num_classes=work.classes, in_channels=work.channels, image_size=28)
    if work.model == "resnet18_cifar":  # for small images: nothing is halved before layer2
        net = models.resnet18(num_classes=work.classes)
        net.conv1 = nn.Conv2d(work.channels, 64, 3, padding=1, bias=False)
        net.maxpool = nn.Identity()
        return net
    return getattr(models, work.model)(num_classes=work.classes, **work.options)


def data(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels."""
    rng = np.random.default_rng(0)
    labels = (work.batch, work.size, work.size) if work.dense else (work.batch,)
    return rng.random(work.images, np.float32), rng.integers(0, work.classes, labels)


def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The start of a parameter or buffer: weights after He, norms as the identity, biases 0."""
    if len(shape) > 1:
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        drawn = rng.standard_normal(shape, np.float32)
        return drawn * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    ones = name.endswith(("weight", "running_var"))
    return np.full(shape, 1.0 if ones else 0.0, np.float32)
