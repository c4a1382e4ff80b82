"""The comparison as a picture: accuracy against examples per class, a line for each method."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import TaskError

_COLOURS = {
    "scratch": "#8d99ae", "probe": "#0b6e4f", "fine-tune": "#d1495b", "svm": "#30638e",
    "head": "#edae49", "gradual": "#7b2d8b",
}  # fmt: skip
_MARKS = {"scratch": "o", "probe": "s", "fine-tune": "^", "svm": "D", "head": "v", "gradual": "P"}


def draw(
    curves: Mapping[str, Sequence[np.ndarray]], counts: Sequence[int], chance: float, title: str
) -> bytes:
    """A PNG: means as lines, all seeds as faint points, guessing as a dashed line.

    curves: for each method and each of `counts`, the accuracies of the seeds, in [0, 1].
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TaskError("plot: matplotlib is not installed; use pip install matplotlib") from error
    figure = Figure(figsize=(7.2, 4.6), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for method, cells in curves.items():
        _line(axes, method, counts, cells)
    axes.axhline(100 * chance, color="#555555", linestyle="--", linewidth=1, label="guessing")
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_xlabel("training examples per class")
    axes.set_ylabel("test accuracy, %")
    axes.set_ylim(0, 100)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, loc="best")
    axes.set_title(title, fontsize=11)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _line(axes: Any, method: str, counts: Sequence[int], cells: Sequence[np.ndarray]) -> None:
    colour = _COLOURS.get(method)
    means = [100 * cell.mean() for cell in cells]
    (line,) = axes.plot(counts, means, marker=_MARKS.get(method, "o"), markersize=6, color=colour,
                        linewidth=2, label=method)  # fmt: skip
    for count, cell in zip(counts, cells, strict=True):
        axes.plot([count] * len(cell), 100 * cell, ".", color=line.get_color(), alpha=0.35,
                  markersize=7)  # fmt: skip
