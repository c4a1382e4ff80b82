"""Draws the pictures of docs/layers.md with the engine itself.

    python tools/pages/layer_pictures.py [name ...]

Which inputs an output depends on is not drawn by hand: it is where the gradient is not zero.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PAPER, INK, FAINT, MARK, SECOND = "#ffffff", "#22313f", "#e8edf2", "#e4572e", "#2e86ab"

# Layer or family → picture → what it shows.
PICTURES: dict[str, dict[str, str]] = {
    "Conv2d": {
        "stride_and_padding": "Kernel 3×3, padding 1 (shaded), stride 2: the pixels that "
        "four of the outputs look at.",
        "dilation": "Dilation 1, 2 and 3: the 9 pixels that one output of a 3×3 kernel looks at.",
        "groups": "groups = 1, 2 and 4 on 4 channels: which input channels an output channel sees.",
    },
    "ConvTranspose2d": {
        "transposed_convolution": "A 3×3 image through a transposed convolution, kernel 3 of ones: "
        "how many kernels meet in each output pixel. With stride 2 they overlap unevenly.",
    },
    "MaxPool2d": {
        "ceil_mode": "7 pixels, kernel 3, stride 3: with ceil_mode a last window hangs over the "
        "end.",
    },
    "AdaptiveAvgPool2d": {
        "adaptive_windows": "7 pixels into 3, and 3 pixels into 5: the windows of adaptive pooling "
        "overlap where the sizes do not divide.",
    },
    "Normalisation": {
        "normalisation": "With which elements one element (red) shares its mean and variance: "
        "6 channels, 4 images, all pixels of a channel side by side.",
    },
    "Activation": {
        "activations": "The activations (blue) and their derivatives (red) for −4 … 4.",
    },
    "Dropout": {
        "dropout": "Dropout (p = 0.5) of single elements and of whole channels; what is kept is "
        "doubled.",
    },
    "Padding": {
        "padding_modes": "A row of six pixels with three more on either side.",
    },
    "Upsample": {
        "interpolation": "A 4×4 image enlarged to 32×32 in five ways, and with align_corners.",
    },
    "PixelShuffle": {
        "pixel_shuffle": "Four channels of 3×3 pixels become one of 6×6; PixelUnshuffle goes back.",
    },
    "Losses": {
        "regression_losses": "Losses of a difference x − y: all but the square grow linearly.",
        "margin_losses": "Losses of a score x whose class is +1.",
    },
}


def axes(columns: int, rows: int = 1, width: float = 2.2, height: float = 2.2) -> Any:
    """A figure with empty axes, a list of them from the upper left."""
    figure, made = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows), squeeze=False
    )
    for ax in made.flat:
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ax.spines.values():
            side.set_visible(False)
    return figure, list(made.flat)


def cells(ax: Any, values: np.ndarray, title: str = "", cmap: Any = None, text: bool = False,
          low: float | None = None, high: float | None = None) -> None:  # fmt: skip
    """A matrix as cells; numbers in them with `text`."""
    shades = cmap or matplotlib.colors.LinearSegmentedColormap.from_list("m", [FAINT, MARK])
    ax.imshow(values, cmap=shades, vmin=low, vmax=high)
    for k in range(values.shape[0] + 1):
        ax.axhline(k - 0.5, color=PAPER, lw=1.2)
    for k in range(values.shape[1] + 1):
        ax.axvline(k - 0.5, color=PAPER, lw=1.2)
    if text:
        for (i, j), value in np.ndenumerate(values):
            ax.text(j, i, f"{value:g}", ha="center", va="center", fontsize=7, color=INK)
    ax.set_title(title, fontsize=8, color=INK)


def seen_from(function: Callable[[Any], Any], shape: tuple[int, ...], place: Any) -> np.ndarray:
    """1 where an input element has a part in one output element: its gradient is not 0."""
    x = mt.tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)
    function(x)[place].sum().backward()
    return (np.abs(x.grad.numpy()) > 1e-12).astype(float)


def stride_and_padding() -> Any:
    figure, places = axes(4)
    w = mt.ones(1, 1, 3, 3, dtype=mt.float64)
    for ax, (p, q) in zip(places, ((0, 0), (0, 1), (1, 1), (3, 3)), strict=True):
        padded = (1, 1, 9, 9)  # the border as part of the input, to be seen
        seen = seen_from(lambda x: F.conv2d(x, w, stride=2), padded, (0, 0, p, q))[0, 0]
        shown = 0.12 * np.pad(np.zeros((7, 7)), 1, constant_values=1) + 0.8 * seen
        cells(ax, shown, f"output [{p}, {q}]", low=0, high=1)
    return figure


def dilation() -> Any:
    figure, places = axes(3)
    w = mt.ones(1, 1, 3, 3, dtype=mt.float64)
    for ax, d in zip(places, (1, 2, 3), strict=True):
        seen = seen_from(lambda x, d=d: F.conv2d(x, w, dilation=d), (1, 1, 9, 9), (0, 0, 0, 0))
        shift = (9 - (2 * d + 1)) // 2
        cells(ax, np.roll(seen[0, 0], (shift, shift), (0, 1)), f"dilation={d}", low=0, high=1)
    return figure


def groups() -> Any:
    figure, places = axes(3)
    for ax, g in zip(places, (1, 2, 4), strict=True):
        layer = nn.Conv2d(4, 4, 1, groups=g).double()
        seen = [seen_from(layer, (1, 4, 1, 1), (0, o, 0, 0))[0, :, 0, 0] for o in range(4)]
        cells(ax, np.array(seen), f"groups={g}", low=0, high=1)
        ax.set_xlabel("input channel", fontsize=7)
        ax.set_ylabel("output channel", fontsize=7)
    return figure


def transposed_convolution() -> Any:
    figure, places = axes(3)
    x, w = mt.ones(1, 1, 3, 3), mt.ones(1, 1, 3, 3)
    for ax, (stride, extra) in zip(places, ((1, 0), (2, 0), (2, 1)), strict=True):
        y = F.conv_transpose2d(x, w, stride=stride, output_padding=extra).numpy()[0, 0]
        cells(ax, y, f"stride={stride}, output_padding={extra}", text=True, low=0, high=12)
    return figure


def _windows(ax: Any, rows: list[tuple[str, np.ndarray]]) -> None:
    """1-d windows one below the other, with their label."""
    cells(ax, np.array([row for _, row in rows]), low=0, high=1)
    for k, (label, _) in enumerate(rows):
        ax.text(-0.8, k, label, ha="right", va="center", fontsize=7, color=INK)


def ceil_mode() -> Any:
    figure, places = axes(2, width=3.6, height=1.5)
    for ax, ceil in zip(places, (False, True), strict=True):
        pool = lambda x, ceil=ceil: F.avg_pool1d(x, 3, 3, ceil_mode=ceil)  # noqa: E731
        count = pool(mt.zeros(1, 1, 7)).shape[2]
        rows = [(f"window {p}", seen_from(pool, (1, 1, 7), (0, 0, p))[0, 0]) for p in range(count)]
        _windows(ax, rows)
        ax.set_title(f"ceil_mode={ceil}", fontsize=8, color=INK)
    figure.subplots_adjust(left=0.14, wspace=0.5)
    return figure


def adaptive_windows() -> Any:
    figure, places = axes(2, width=3.6, height=1.8)
    for ax, (size, count) in zip(places, ((7, 3), (3, 5)), strict=True):
        pool = lambda x, count=count: F.adaptive_avg_pool1d(x, count)  # noqa: E731
        rows = [(f"output {p}", seen_from(pool, (1, 1, size), (0, 0, p))[0, 0])
                for p in range(count)]  # fmt: skip
        _windows(ax, rows)
        ax.set_title(f"{size} → {count}", fontsize=8, color=INK)
    figure.subplots_adjust(left=0.14, wspace=0.5)
    return figure


def normalisation() -> Any:
    layers = {
        "BatchNorm1d(6)": nn.BatchNorm1d(6), "LayerNorm([6, 2])": nn.LayerNorm([6, 2]),
        "InstanceNorm1d(6)": nn.InstanceNorm1d(6), "GroupNorm(3, 6)": nn.GroupNorm(3, 6),
    }  # fmt: skip
    figure, places = axes(4, width=2.4)
    for ax, (title, layer) in zip(places, layers.items(), strict=True):
        seen = seen_from(layer.double(), (4, 6, 2), (1, 2, 0))  # (N, C, L)
        shown = 0.55 * seen.reshape(4, 12)
        shown[1, 4] = 1
        cells(ax, shown, title, low=0, high=1)
        ax.set_xlabel("channel × pixel", fontsize=7)
        ax.set_ylabel("image", fontsize=7)
    return figure


def activations() -> Any:
    names = (
        "ReLU", "LeakyReLU", "ReLU6", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus",
        "Sigmoid", "Tanh", "Hardsigmoid", "Hardswish", "Hardtanh", "LogSigmoid", "Softsign",
        "Tanhshrink", "Hardshrink", "Softshrink",
    )  # fmt: skip
    figure, places = axes(5, 4, 1.9, 1.5)
    for ax, name in zip(places, names, strict=True):
        x = mt.linspace(-4, 4, 801, requires_grad=True)
        y = getattr(nn, name)()(x)
        y.sum().backward()
        ax.axhline(0, color="#c8d0d8", lw=0.6)
        ax.axvline(0, color="#c8d0d8", lw=0.6)
        ax.plot(x.detach().numpy(), x.grad.numpy(), color=MARK, lw=1)
        ax.plot(x.detach().numpy(), y.detach().numpy(), color=SECOND, lw=1.4)
        ax.set_ylim(-1.6, 2.6)
        ax.set_title(name, fontsize=8, color=INK, pad=2)
    figure.tight_layout(pad=0.4)
    return figure


def dropout() -> Any:
    figure, places = axes(2, width=3.4, height=1.8)
    for ax, (title, function) in zip(
        places, (("dropout", F.dropout), ("dropout1d", F.dropout1d)), strict=True
    ):
        mt.manual_seed(5)
        cells(ax, function(mt.ones(1, 6, 12), 0.5).numpy()[0], title, low=0, high=2.4)
        ax.set_xlabel("position", fontsize=7)
        ax.set_ylabel("channel", fontsize=7)
    return figure


def padding_modes() -> Any:
    figure, places = axes(1, width=5.2, height=1.9)
    x = mt.arange(1, 7, dtype=mt.float32).reshape(1, 1, 6)
    modes = ("constant", "reflect", "replicate", "circular")
    rows = [F.pad(x, (3, 3), mode=mode).numpy()[0, 0] for mode in modes]
    colours = matplotlib.colors.LinearSegmentedColormap.from_list("m", [FAINT, SECOND])
    cells(places[0], np.array(rows), cmap=colours, text=True, low=0, high=9)
    places[0].set_yticks(range(4), modes, fontsize=8)
    places[0].tick_params(length=0)
    for edge in (2.5, 8.5):
        places[0].axvline(edge, color=MARK, lw=1.6)
    return figure


def interpolation() -> Any:
    x = mt.tensor(np.random.default_rng(3).uniform(size=(1, 1, 4, 4)))
    ways: dict[str, dict[str, Any]] = {
        "the image": {}, "nearest": {"mode": "nearest"}, "bilinear": {"mode": "bilinear"},
        "bilinear,\nalign_corners": {"mode": "bilinear", "align_corners": True},
        "bicubic": {"mode": "bicubic"}, "area": {"mode": "area"},
    }  # fmt: skip
    figure, places = axes(6, width=1.7, height=2.1)
    for ax, (title, options) in zip(places, ways.items(), strict=True):
        y = F.interpolate(x, size=(32, 32), **options) if options else x
        ax.imshow(y.numpy()[0, 0], cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(title, fontsize=8, color=INK)
    return figure


def pixel_shuffle() -> Any:
    figure, places = axes(5, width=1.5, height=1.8)
    x = mt.arange(4, dtype=mt.float32).reshape(1, 4, 1, 1).expand(1, 4, 3, 3)
    colours = matplotlib.colors.ListedColormap(["#e4572e", "#2e86ab", "#f3a712", "#76b041"])
    for k in range(4):
        cells(places[k], x.numpy()[0, k], f"channel {k}", colours, low=0, high=3)
    cells(places[4], F.pixel_shuffle(x, 2).numpy()[0, 0], "pixel_shuffle", colours, low=0, high=3)
    return figure


def _curves(lines: dict[str, Any], xlabel: str, top: float) -> Any:
    """Losses over x in one pair of axes; each value of the dictionary is a function of x."""
    figure, places = axes(1, width=5.2, height=2.9)
    x = mt.linspace(-3, 3, 601)
    for title, loss in lines.items():
        places[0].plot(x.numpy(), loss(x).numpy(), lw=1.5, label=title)
    places[0].set_ylim(0, top)
    places[0].set_xticks(range(-3, 4))
    places[0].set_yticks(range(int(top) + 1))
    places[0].tick_params(labelsize=7, length=0)
    places[0].set_xlabel(xlabel, fontsize=8, color=INK)
    places[0].grid(color=FAINT)
    places[0].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    return figure


def regression_losses() -> Any:
    def loss(function: Any, **options: Any) -> Any:
        return lambda x: function(x, mt.zeros_like(x), reduction="none", **options)

    lines = {
        "mse_loss": loss(F.mse_loss), "l1_loss": loss(F.l1_loss),
        "smooth_l1_loss": loss(F.smooth_l1_loss),
        "huber_loss, delta=2": loss(F.huber_loss, delta=2.0),
    }  # fmt: skip
    return _curves(lines, "x − y", 4)


def margin_losses() -> Any:
    one = mt.ones(601)
    lines = {
        "binary_cross_entropy_with_logits":
            lambda x: F.binary_cross_entropy_with_logits(x, one, reduction="none"),
        "sigmoid_focal_loss, gamma=2":
            lambda x: F.sigmoid_focal_loss(x, one, alpha=-1, gamma=2, reduction="none"),
        "margin_ranking_loss, margin=1":
            lambda x: F.margin_ranking_loss(x, 0 * x, one, margin=1.0, reduction="none"),
    }  # fmt: skip
    return _curves(lines, "x, the score of the right class", 4)


def draw(name: str) -> Path:
    """Draws one picture and answers its path."""
    figure = globals()[name]()
    path = FOLDER / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight", facecolor=PAPER, metadata={"Software": None})
    plt.close(figure)
    return path


def main(argv: list[str]) -> int:
    """The command line."""
    for name in argv or [name for pictures in PICTURES.values() for name in pictures]:
        sys.stdout.write(f"{draw(name)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
