"""report.html: what a run learned, in one file that opens offline.

Loss and accuracy curves, the confusion matrix, the worst mistakes as pictures, the first layer's
filters, the gradient check of every layer, settings and times. Everything is inline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from ...data.images import unit_range
from ..evaluation.metrics import confusion_matrix, cross_entropies, softmax
from .parts import (
    Curve,
    chart,
    confusion_table,
    facts,
    key,
    picture,
    section,
    signed_png,
    tile,
)
from .parts import png as png_of
from .style import CSS


class LayerRow(NamedTuple):
    """One line of the gradient check: a layer, its parameter count, its largest relative error.

    verdict: PASS, FAIL, or UNDECIDED (a layer that is dead on these images, say).
    """

    name: str
    kind: str
    parameters: int
    error: float
    verdict: str


class RunFacts(NamedTuple):
    """What a report is made of.

    title, subtitle: of the page; history: the lines of metrics.jsonl; scores (N, K), labels (N,)
    and images (N, C, H, W), bytes or floats in [0, 1]: the test images and what the network says;
    weights: name → array; layers: the gradient check, None where it was not run; settings, times:
    names and values.
    """

    title: str
    subtitle: str
    history: Sequence[dict[str, Any]]
    scores: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    classes: Sequence[str]
    weights: dict[str, np.ndarray]
    layers: Sequence[LayerRow] | None
    settings: Sequence[tuple[str, Any]]
    times: Sequence[tuple[str, Any]]


def render(run: RunFacts) -> str:
    """The whole page."""
    title = escape(run.title)
    parts = [
        f"<header><h1>{title}</h1><p>{escape(run.subtitle)}</p></header>",
        _tiles(run),
        f'<div class="two">{_loss(run)}{_accuracy(run)}</div>',
        f'<div class="two">{_confusion(run)}{_layers(run)}</div>',
        _mistakes(run),
        _filters(run),
        '<div class="two">',
        section("Settings", "Every one is a flag of minitorch-cv train.", facts(run.settings)),
        section("Times and versions", "", facts(run.times)),
        "</div>",
        "<footer>Written by <code>minitorch-cv train</code>. This page is one file and loads "
        "nothing from the network.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{title}</title><style>{CSS}</style></head><body><main>"
        + "\n".join(parts)
        + "</main></body></html>\n"
    )


def percent(share: float) -> str:
    """0.9944 → "99.44 %"."""
    return f"{100 * share:.2f} %"


def _tiles(run: RunFacts) -> str:
    predicted = run.scores.argmax(axis=1)
    right, total = int((predicted == run.labels).sum()), len(run.labels)
    loss = float(cross_entropies(run.scores, run.labels).mean())
    tiles = [
        tile(percent(right / total), f"test accuracy ({right}/{total})", main=True),
        tile(f"{loss:.4f}", "test loss"),
        tile(f"{len(run.history)}", "epochs"),
        tile(_count(run.weights), "parameters"),
    ]
    if run.history:
        seconds = sum(line["seconds"] for line in run.history)
        tiles.insert(2, tile(f"{seconds:.1f} s", "training time"))
    if run.layers:
        passed = sum(row.verdict == "PASS" for row in run.layers)
        tiles.append(tile(f"{passed} of {len(run.layers)}", "layers pass the gradient check"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _count(weights: dict[str, np.ndarray]) -> str:
    return f"{sum(array.size for array in weights.values()):,}".replace(",", " ")


def _curves(run: RunFacts, quantity: str) -> list[Curve]:
    return [
        Curve(part, part, [(line["epoch"], line[f"{part}_{quantity}"]) for line in run.history])
        for part in ("train", "test")
    ]


def _loss(run: RunFacts) -> str:
    curves = _curves(run, "loss")
    values = [y for curve in curves for _, y in curve.points if math.isfinite(y)]
    high = max(values, default=1.0) * 1.03
    picture = chart(curves, 0.0, high, lambda y: f"{y:.4g}", "loss by epoch")
    note = "Cross-entropy. The training loss is measured while learning"
    smoothing = float(dict(run.settings).get("label smoothing", 0))
    note += ", and includes label smoothing." if smoothing else "."
    return section("Loss", note, key(*curves), picture)


def _accuracy(run: RunFacts) -> str:
    curves = _curves(run, "accuracy")
    values = [y for curve in curves for _, y in curve.points]
    late = [y for curve in curves for _, y in curve.points[len(curve.points) // 4 :]]
    low = max(0.0, 1 - 1.25 * (1 - min(late, default=0.0)) - 0.002)
    picture = chart(curves, low, 1.0, lambda y: f"{100 * y:.4g} %", "accuracy by epoch")
    note = "The share of images that are right."
    if values and min(values) < low:
        note += " The axis starts where the later epochs are."
    return section("Accuracy", note, key(*curves), picture)


def _confusion(run: RunFacts) -> str:
    classes = list(run.classes)
    counts = confusion_matrix(run.scores.argmax(axis=1), run.labels, len(classes))
    wrong = int(counts.sum() - np.trace(counts))
    note = f"Rows: what it is. Columns: what the network says. {wrong} of {counts.sum()} are wrong."
    short = classes if max(map(len, classes)) <= 2 else [str(k) for k in range(len(classes))]
    table = confusion_table(counts, short)
    return section("Confusion matrix", note, f'<div class="wide">{table}</div>')


def _mistakes(run: RunFacts, count: int = 12) -> str:
    """The wrong test images, surest first; where there are few, also the right ones least sure."""
    probabilities = softmax(run.scores)
    losses = cross_entropies(run.scores, run.labels)
    wrong = run.scores.argmax(axis=1) != run.labels
    mistakes = [k for k in np.argsort(-losses, kind="stable") if wrong[k]][:count]
    doubts = [k for k in np.argsort(-losses, kind="stable") if not wrong[k]]

    def show(chosen: list[Any]) -> str:
        inside = "".join(
            picture(_pixels(run.images[k]), int(run.labels[k]), probabilities[k], run.classes)
            for k in chosen
        )
        return f'<div class="pictures">{inside}</div>'

    if mistakes:
        text = show(mistakes)
    else:
        text = "<p>There is none: every test image is right.</p>"
    if len(mistakes) < count // 2:
        text += "<h3>Right, but least sure</h3>" + show(doubts[: count - len(mistakes)])
    note = f"{int(wrong.sum())} of {len(wrong)} test images are wrong; the worst come first."
    return section("Worst mistakes", note, text)


def _filters(run: RunFacts, most: int = 32) -> str:
    """The first convolution's kernels, each beside its answer to one test image."""
    found = next(((n, a) for n, a in run.weights.items() if a.ndim == 4), None)
    if found is None:
        return ""
    name, kernels = found
    limit = float(abs(kernels).max())
    image = unit_range(run.images[0])
    cards = []
    for number, kernel in enumerate(kernels[:most]):
        answer = _correlate(image, kernel)
        cards.append(
            f'<div class="kernel"><img alt="filter {number}" '
            f'src="{signed_png(kernel.mean(axis=0), limit)}">'
            f'<img alt="answer of filter {number}" '
            f'src="{signed_png(answer, float(abs(answer).max()))}">'
            f"<span>filter {number}</span></div>"
        )
    shown = (
        f'<div class="kernel"><img alt="test image" src="{png_of(_pixels(image))}">'
        "<span>the test image</span></div>"
    )
    note = (
        f"{name}, {' × '.join(map(str, kernels.shape))}: each filter and its answer to one test "
        "image, before bias and activation. Orange is positive, blue negative, white zero."
    )
    cards.insert(0, shown)
    return section("First-layer filters", note, f'<div class="kernels">{"".join(cards)}</div>')


def _pixels(image: np.ndarray) -> np.ndarray:
    """An image (1, H, W) as (H, W), one in colour as (H, W, 3), floats in [0, 1]."""
    image = unit_range(image)
    return image[0] if len(image) == 1 else image.transpose(1, 2, 0)


def _correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """image (C, H, W) with kernel (C, KH, KW), no padding → (OH, OW)."""
    if image.shape[0] != kernel.shape[0]:
        return np.zeros(image.shape[1:])
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[1:], axis=(1, 2))
    return np.einsum("cijkl,ckl->ij", windows, kernel)


def _layers(run: RunFacts) -> str:
    if run.layers is None:
        return section("Gradient check", "", "<p>Not run for this report (--no-check).</p>")
    rows = []
    for row in run.layers:
        look = {"PASS": "pass", "FAIL": "fail"}.get(row.verdict, "open")
        rows.append(
            f"<tr><td>{escape(row.name)}</td><td>{escape(row.kind)}</td>"
            f'<td class="number">{row.parameters}</td><td class="number">{row.error:.1e}</td>'
            f'<td><span class="{look}">{escape(row.verdict)}</span></td></tr>'
        )
    head = (
        '<thead><tr><th>layer</th><th>kind</th><th class="number">parameters</th>'
        '<th class="number">error</th><th></th></tr></thead>'
    )
    note = (
        "Each layer of this very network, on real data, in float64: the gradients of its input "
        "and parameters against finite differences. "
        "Error: the largest relative one."
    )
    table = f'<table class="rows">{head}<tbody>{"".join(rows)}</tbody></table>'
    return section("Gradient check", note, f'<div class="wide">{table}</div>')
