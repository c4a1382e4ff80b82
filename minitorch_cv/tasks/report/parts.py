"""Pieces of a report as strings: tables, curves (inline SVG), pictures (PNG data URIs)."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np


class Curve(NamedTuple):
    """One line of a chart: its name, its CSS class ("train" or "test") and (x, y) points."""

    name: str
    kind: str
    points: Sequence[tuple[float, float]]


def section(title: str, note: str, *parts: str) -> str:
    """A card with a heading, a sentence and its content."""
    note = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{note}{''.join(parts)}</section>"


def tile(value: str, meaning: str, main: bool = False) -> str:
    """One headline number."""
    kind = "tile main" if main else "tile"
    return f'<div class="{kind}"><b>{escape(value)}</b><span>{escape(meaning)}</span></div>'


def facts(rows: Iterable[tuple[str, Any]]) -> str:
    """A table of names and values."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
        for name, value in rows
    )
    return f'<table class="rows"><tbody>{body}</tbody></table>'


def png(pixels: np.ndarray) -> str:
    """A data URI of pixels (H, W) or (H, W, 3), floats in [0, 1]."""
    from PIL import Image

    levels = np.clip(np.rint(np.asarray(pixels, np.float64) * 255), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def signed_png(values: np.ndarray, limit: float) -> str:
    """A picture of signed values (H, W): orange above zero, blue below, white at zero."""
    share = np.clip(values / limit if limit else np.zeros_like(values), -1, 1)[..., None]
    positive, negative = np.array([0.85, 0.36, 0.02]), np.array([0.10, 0.34, 0.80])
    end = np.where(share > 0, positive, negative)
    return png(1 + (end - 1) * abs(share))


def key(*curves: Curve) -> str:
    """The legend of a chart."""
    colour = {"train": "var(--orange)", "test": "var(--blue)"}
    items = "".join(
        f'<span><i style="border-color:{colour[c.kind]}"></i>{escape(c.name)}</span>'
        for c in curves
    )
    return f'<div class="key">{items}</div>'


def chart(
    curves: Sequence[Curve],
    low: float,
    high: float,
    write: Any,
    label: str,
) -> str:
    """Curves over epochs as inline SVG, with hover titles; what lies outside [low, high] is cut."""
    width, height, left, right, top, bottom = 520, 290, 52, 12, 10, 34
    xs = [x for curve in curves for x, _ in curve.points]
    x_low, x_high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    x_span = (x_high - x_low) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = left + (x - x_low) / x_span * (width - left - right)
        down = top + (high - y) / ((high - low) or 1.0) * (height - top - bottom)
        return round(across, 1), round(down, 1)

    out = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}">'
    ]
    for y in ticks(low, high, 5):
        _, down = place(x_low, y)
        out.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{down}" y2="{down}"/>')
        out.append(f'<text x="{left - 8}" y="{down + 4}" text-anchor="end">{write(y)}</text>')
    for x in _whole_ticks(x_low, x_high):
        across, _ = place(x, low)
        out.append(
            f'<text x="{across}" y="{height - bottom + 18}" text-anchor="middle">{x:g}</text>'
        )
    out.append(f'<text x="{width - right}" y="{height - 2}" text-anchor="end">epoch</text>')
    for curve in curves:
        out.append(_line(curve, place, low, high, write))
    return "".join(out) + "</svg>"


def _line(curve: Curve, place: Any, low: float, high: float, write: Any) -> str:
    """A polyline, with a dot that shows on hover at each point and always at the last."""
    shown = [(x, y) for x, y in curve.points if math.isfinite(y)]
    first = next((k for k, (_, y) in enumerate(shown) if low <= y <= high), len(shown))
    if 0 < first < len(shown):  # enter from the edge instead of starting in mid-air
        (x0, y0), (x1, y1) = shown[first - 1], shown[first]
        edge = low if y0 < low else high
        shown[first - 1] = (x0 + (x1 - x0) * (edge - y0) / (y1 - y0), edge)
        first -= 1
    shown = [(x, min(max(y, low), high)) for x, y in shown[first:]]
    points = " ".join("{},{}".format(*place(x, y)) for x, y in shown)
    dots = []
    for number, (x, y) in enumerate(p for p in curve.points if low <= p[1] <= high):
        across, down = place(x, y)
        last = ' class="{}-dot last"' if number == len(curve.points) - 1 else ' class="{}-dot"'
        last = last if (x, y) != curve.points[-1] else ' class="{}-dot last"'
        dots.append(
            f'<circle{last.format(curve.kind)} cx="{across}" cy="{down}" r="3.5"><title>'
            f"{escape(curve.name)}, epoch {x:g}: {write(y)}</title></circle>"
        )
    return f'<polyline class="{curve.kind}" points="{points}"/>' + "".join(dots)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers inside [low, high], about `count` of them, in steps of 1, 2 or 5 times 10^k."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    raw = span / count
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def _whole_ticks(low: float, high: float) -> list[float]:
    if low == high:
        return [low]
    chosen = [x for x in ticks(low, high, 8) if x == int(x)]
    return chosen or [low, high]


def confusion_table(counts: np.ndarray, classes: Sequence[str]) -> str:
    """The confusion matrix: rows are true classes, columns predictions; mistakes are red."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in classes)
    most = max(int((counts - np.diag(np.diag(counts))).max(initial=0)), 1)
    rows = []
    for true, row in enumerate(counts):
        total = max(int(row.sum()), 1)
        cells = []
        for predicted, count in enumerate(row):
            if count == 0:
                cells.append('<td class="none">0</td>')
                continue
            if predicted == true:
                kind, value = "", 0.15 + 0.45 * count / total
            else:
                kind, value = ' class="wrong"', 0.35 + 0.5 * count / most
            title = f"{int(count)} × true {classes[true]}, predicted {classes[predicted]}"
            cells.append(
                f'<td{kind} style="--v:{value:.2f}" title="{escape(title)}">{int(count)}</td>'
            )
        rows.append(f'<tr><th scope="row">{escape(classes[true])}</th>{"".join(cells)}</tr>')
    return (
        f'<table class="confusion"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def picture(
    pixels: np.ndarray, true: int, probabilities: np.ndarray, classes: Sequence[str]
) -> str:
    """An image with what it is, what the network said, and its three likeliest classes as bars."""
    predicted = int(probabilities.argmax())
    right = predicted == true
    said = f"<b>{escape(classes[predicted])}</b> ({probabilities[predicted]:.1%})"
    text = f"{'right' if right else 'predicted'} {said}"
    if not right:
        text += f'<br><span class="fail">true {escape(classes[true])}</span>'
        text += f" ({probabilities[true]:.1%})"
    bars = []
    for k in np.argsort(-probabilities, kind="stable")[:3]:
        kind = "true" if k == true else ("wrong" if k == predicted else "")
        bars.append(
            f'<div class="bar {kind}"><span>{escape(classes[k])}</span>'
            f'<u><i style="width:{100 * probabilities[k]:.1f}%"></i></u>'
            f"<span>{100 * probabilities[k]:.0f}%</span></div>"
        )
    alt = f"true {classes[true]}, predicted {classes[predicted]}"
    return (
        f'<figure><img alt="{escape(alt)}" src="{png(pixels)}">'
        f"<figcaption>{text}{''.join(bars)}</figcaption></figure>"
    )
