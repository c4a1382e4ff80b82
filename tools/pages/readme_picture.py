"""Draws docs/images/lenet.png: a digit on its way through LeNet-5, its gradient on the way back.

python tools/pages/readme_picture.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.data import DataLoader
from minitorch_cv.data.digits import Digits
from minitorch_cv.nn import functional as F

TARGET = Path(__file__).resolve().parents[2] / "docs" / "images" / "lenet.png"
STAGES = ("conv1", "pool1", "conv2", "pool2", "fc1", "fc3")


def trained(epochs: int = 4) -> nn.Module:
    """LeNet-5 after a few epochs: its filters already look for strokes."""
    mt.manual_seed(3)
    model = mt.models.get_model("lenet")
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(epochs):
        for images, labels in DataLoader(Digits(), batch_size=32, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    return model


def trace(
    model: nn.Module, image: mt.Tensor, label: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For the image and each stage: (values, gradient of the loss)."""
    kept: dict[str, mt.Tensor] = {}

    def keep(name: str):
        def hook(module: nn.Module, inputs: tuple, output: mt.Tensor) -> None:
            output.retain_grad()
            kept[name] = output

        return hook

    for name in STAGES:
        model.get_submodule(name).register_forward_hook(keep(name))
    kept["image"] = image.requires_grad_()
    F.cross_entropy(model(image), mt.tensor([label])).backward()
    return {
        name: (kept[name].detach().numpy()[0], kept[name].grad.numpy()[0])
        for name in ("image", *STAGES)
    }


def mosaic(maps: np.ndarray) -> np.ndarray:
    """(C, H, W) as one picture; a vector as a block of rows."""
    if maps.ndim == 1:
        rows = {120: 12, 10: 10}[len(maps)]
        return maps.reshape(rows, -1)
    C, H, W = maps.shape
    rows = {1: 1, 6: 3, 16: 4}[C]
    gap = np.full((C, H + 1, W + 1), np.nan)
    gap[:, :H, :W] = maps
    grid = gap.reshape(rows, C // rows, H + 1, W + 1).transpose(0, 2, 1, 3)
    return grid.reshape(rows * (H + 1), C // rows * (W + 1))[:-1, :-1]


def stretched(maps: np.ndarray) -> np.ndarray:
    """Each map from its own darkest to its own brightest pixel, so that faint ones show, too."""
    axes = (1, 2) if maps.ndim == 3 else (0,)
    low, high = maps.min(axes, keepdims=True), maps.max(axes, keepdims=True)
    return (maps - low) / np.maximum(high - low, 1e-6)


def draw(stages: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    figure, axes = plt.subplots(2, len(stages), figsize=(11, 4.1), dpi=110)
    for column, (name, (values, gradient)) in enumerate(stages.items()):
        top, bottom = axes[0, column], axes[1, column]
        top.imshow(mosaic(stretched(values)), cmap="gray")
        limit = abs(gradient).max()
        bottom.imshow(mosaic(gradient), cmap="RdBu_r", vmin=-limit, vmax=limit)
        shape = "×".join(map(str, values.shape))
        top.set_title(f"{name}\n{shape}", fontsize=10)
        for axis in (top, bottom):
            axis.set_xticks([])
            axis.set_yticks([])
            for side in axis.spines.values():
                side.set_visible(False)
    axes[0, 0].set_ylabel("forward →", fontsize=11)
    axes[1, 0].set_ylabel("← gradient", fontsize=11)
    figure.tight_layout()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(TARGET)


if __name__ == "__main__":
    image, label = Digits(train=False)[5]
    draw(trace(trained(), mt.tensor(image[None]), int(label)))
