"""cpu.png: ratios of all networks, memory, and how the time grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = {"ours": "#0b6e4f", "torch": "#d1495b", "jax": "#30638e"}
MODES = {"train": "training step", "infer": "inference"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Writes the picture of what `run` measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    scaling = result.get("scaling", {})
    rows = 0.55 * len(result["works"]) + 1
    figure = plt.figure(figsize=(12, rows + 4.5 * bool(scaling)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(rows, 4.5)) if scaling else (figure, None)
    ratios = above.subplots(1, 3, sharey=True, squeeze=False)[0]
    for axes, mode in zip(ratios, MODES, strict=False):
        _bars(axes, result["works"], mode, "ratio", f"{MODES[mode]}: peer's time / ours")
    _bars(ratios[2], result["works"], "train", "memory", "training: peer's peak memory / ours")
    if below is not None:
        small = below.subplots(1, 3)
        _curves(small[0], scaling.get("batch"), "images in a batch")
        _curves(small[1], scaling.get("size"), "pixels a side, 2 images")
        _threads(small[2], scaling.get("threads", {}))
    about = result["machine"]
    threads = f"{about['threads']} thread" + "s" * (about["threads"] > 1)
    figure.suptitle(f"{about['cpu']}, {threads}, float32: right of 1 ours is better")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axes: Any, works: dict[str, Any], mode: str, field: str, title: str) -> None:
    """A bar for each work and peer, from 1 outwards, with its number."""
    names = list(works)
    peers = [peer for peer in ("torch", "jax")
             if any(peer in works[n].get(mode, {}).get("compared", {}) for n in names)]  # fmt: skip
    height = 0.8 / max(1, len(peers))
    for k, peer in enumerate(peers):
        for row, name in enumerate(names):
            cell = works[name].get(mode, {}).get("compared", {}).get(peer)
            if cell is None:
                continue
            y = row + (k - (len(peers) - 1) / 2) * height
            label = peer if row == 0 else None
            axes.barh(y, cell[field] - 1, height * 0.9, left=1, color=COLOURS[peer], label=label)
            right = cell[field] >= 1
            axes.annotate(
                f"{cell[field]:.2f}", (cell[field], y), (3 if right else -3, 0), fontsize=8,
                textcoords="offset points", va="center", ha="left" if right else "right",
            )  # fmt: skip
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 1.4, high * 1.4)
    axes.set_xticks([], minor=True)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low / 1.4 <= t <= high * 1.4]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    if peers:
        axes.legend(fontsize=8, loc="lower right", frameon=False)


def _curves(axes: Any, grown: dict[str, Any] | None, words: str) -> None:
    """Seconds of a training step against what grows, on logarithmic axes."""
    axes.set_xlabel(words)
    if not grown:
        axes.set_title("not measured", fontsize=10)
        return
    numbers: list[int] = []
    for name, points in grown["points"].items():
        if not points:
            continue
        numbers = [number for number, _ in points]
        power = grown["exponents"].get(name)
        label = name if power is None else f"{name}: n^{power:.2f}"
        axes.plot(numbers, [1e3 * s for _, s in points], "o-", color=COLOURS[name], label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.set_ylabel("ms, training step")
    axes.set_title(grown["model"], fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)


def _threads(axes: Any, works: dict[str, Any]) -> None:
    """How much faster two threads are than one."""
    axes.set_title("training step, 1 → 2 threads: times faster", fontsize=10)
    places, labels = [], []
    for work, engines in works.items():
        for name, row in engines.items():
            times = dict(row["points"])
            places.append(len(labels))
            labels.append(f"{work} {name}")
            gain = times[min(times)] / times[max(times)]
            axes.barh(places[-1], gain, color=COLOURS[name])
            axes.annotate(f"{gain:.2f}", (gain, places[-1]), (3, 0), va="center", fontsize=8,
                          textcoords="offset points")  # fmt: skip
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(places, labels, fontsize=8)
    axes.set_xlim(0, 2.3)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
