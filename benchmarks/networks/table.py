"""The lines of text that the race prints."""

from __future__ import annotations

from typing import Any

from .turns import ENGINES, TOLERANCE

TITLE = (
    f"{'work':20}{'mode':8}" + "".join(f"{name + ' ms':>10}{'spread':>8}" for name in ENGINES)
    + f"{'torch/ours':>11}{'jax/ours':>9}  peak MB ours, torch, jax"
)  # fmt: skip


def line(work: str, mode: str, cells: dict[str, Any]) -> str:
    """One work in one mode: medians, half the distance of the quartiles, ratios, peaks."""
    text = f"{work:20}{mode:8}"
    for name in ENGINES:
        text += _time(cells.get(name, {}))
    for peer, width in (("torch", 11), ("jax", 9)):
        row = cells["compared"].get(peer)
        text += f"{row['ratio']:{width}.2f}" if row else f"{'–':>{width}}"
    peaks = (cells.get(name, {}).get("peak") for name in ENGINES)
    return text + "  " + ", ".join("–" if p is None else f"{p / 1e6:.0f}" for p in peaks)


def _time(cell: dict[str, Any]) -> str:
    if "median" not in cell:
        return f"{'–':>10}{'':>8}"
    part = (cell["high"] - cell["low"]) / 2 / cell["median"]
    return f"{cell['median'] * 1e3:10.2f}{f'±{100 * part:.0f} %':>8}"


def complaints(work: str, mode: str, cells: dict[str, Any]) -> list[str]:
    """What a reader must know: engines that failed, or computed other numbers than ours."""
    found = []
    for name in ENGINES:
        if "failed" in cells.get(name, {}):
            reason = (
                cells[name]["failed"].strip().splitlines()[-1]
            )  # the whole trace is in the JSON
            found.append(f"  {work} {mode}: {name} failed: {reason}")
    for peer, row in cells["compared"].items():
        if not row["difference"] <= TOLERANCE:
            found.append(f"  {work} {mode}: {peer} differs from ours by {row['difference']:.1e}")
    return found


def left_out(works: dict[str, Any]) -> list[str]:
    """Why a cell of the table is empty, each reason once."""
    reasons = {
        f"{name} left out, {mode if 'fold' in cell['skipped'] else work}: {cell['skipped']}"
        for work, modes in works.items()
        for mode, cells in modes.items()
        for name, cell in cells.items()
        if "skipped" in cell
    }
    return sorted(reasons)


def summary(means: dict[str, dict[str, float]]) -> list[str]:
    """The geometric means."""
    return [
        f"geometric mean, {mode}: "
        + ", ".join(f"{peer}/ours {mean:.2f}" for peer, mean in peers.items())
        for mode, peers in means.items()
    ]
