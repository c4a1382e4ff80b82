"""What is kept (benchmarks/results/gpu-<name>.json, kernels/verified.json) and what is printed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minitorch_cv.backend import verified
from minitorch_cv.backend.cuda_kernels import all_sources


def name_of(parts: dict[str, Any]) -> str:
    """nvidia-h200"""
    gpu = parts.get("environment", {}).get("gpu", "unknown")
    return re.sub(r"[^a-z0-9]+", "-", gpu.lower()).strip("-")


def kernel_records(parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Kernel → its record, of those that were compared with the CPU."""
    about = parts.get("environment", {})
    compared = parts.get("agreement", {}).get("kernels", {})
    timed = parts.get("timing", {}).get("kernels", {})
    sources = {name: source for source in all_sources() for name in source.kernels}
    records = {}
    for name, found in compared.items():
        if name not in sources:
            continue
        times = timed.get(name, {})
        records[name] = {
            "file": sources[name].path, "hash": sources[name].hash,
            "own_hash": verified.own_hash(sources[name]),
            "gpu": about.get("gpu"), "driver": about.get("driver"), "cupy": about.get("cupy"),
            "date": about.get("date"), "passed": found["passed"], "error": found["error"],
            "microseconds": times.get("microseconds"), "share": times.get("share"),
        }  # fmt: skip
    return records


def write(parts: dict[str, Any], folder: Path, record: Path | None) -> Path:
    """The results, and the record of kernels (record None: the one in the package)."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"gpu-{name_of(parts)}.json"
    text = json.dumps(_finite(parts), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    records = _finite(kernel_records(parts))
    if records:
        verified.write(records, record)
    return file


def _finite(value: Any) -> Any:
    """JSON has no infinity: text in its place."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def lines(parts: dict[str, Any]) -> Iterator[str]:
    """Each part in a line, then the kernels, ops and networks."""
    for name, part in parts.items():
        yield f"{name:<12} {'passed' if part['passed'] else 'FAILED'}  {_said(part)}"[:160].rstrip()
    yield from _kernels(parts.get("timing", {}))
    yield from _ops(parts.get("timing", {}))
    yield from _networks(parts.get("networks", {}))
    yield from _plans(parts.get("networks", {}))


def _said(part: dict[str, Any]) -> str:
    """The gist of a part."""
    if "skipped" in part:
        return f"skipped: {part['skipped']}"
    if "error" in part:
        return str(part["error"])
    if part.get("failed"):
        return f"{len(part['failed'])} failed: {', '.join(map(str, part['failed']))}"
    if part.get("unequal"):
        return f"unequal: {', '.join(part['unequal'])}"
    if "counts" in part:
        return ", ".join(f"{count} {what}" for what, count in part["counts"].items())
    return str(part.get("gpu", ""))


def _kernels(timing: dict[str, Any]) -> Iterator[str]:
    if not timing.get("kernels"):
        return
    speed = timing["copy_bytes_per_second"]
    title = f"\n{'kernel':<32} {'µs':>10} {'MB':>9} {'of a copy':>10}"
    yield f"{title}   (copy: {speed / 1e9:.0f} GB/s)"
    for name, row in sorted(timing["kernels"].items()):
        yield (f"{name:<32} {row['microseconds']:>10.1f} {row['bytes'] / 1e6:>9.1f} "
               f"{row['share']:>10.0%}")  # fmt: skip


_LATE = "* in part Python's: the host was behind the GPU"
_LAST = "torch_channels_last"
_COLUMNS = f" {'GPU alone':>9} {'torch':>10} {'ratio':>6}  with Python {'torch':>10} {'ratio':>6}"


def _ops(timing: dict[str, Any]) -> Iterator[str]:
    if not timing.get("ops"):
        return
    yield f"\n{'op, µs':<32} {_COLUMNS}   {_LATE}"
    for name, row in timing["ops"].items():
        for what in ("forward", "backward"):
            if what in row:
                label = name if what == "forward" else f"{name}, {what}"
                yield f"{label:<32} {_compared(row, what, f'torch_{what}', 1e6)}".rstrip()


def _networks(found: dict[str, Any]) -> Iterator[str]:
    if not found.get("steps"):
        return
    yield f"\n{'training step, ms':<32} {_COLUMNS}   {_LATE}"
    for name, row in found["steps"].items():
        for what in ("eager", "captured"):
            if what in row:
                label = name if what == "eager" else f"{name}, {what}"
                yield f"{label:<32} {_compared(row, what, 'torch', 1e3)}".rstrip()
                if _LAST in row:
                    yield f"{'  PyTorch: channels last':<32} {_compared(row, what, _LAST, 1e3)}"


def _plans(networks: dict[str, Any]) -> Iterator[str]:
    """Which of the convolutions cuDNN had no plan for, so that a slow step can be explained."""
    if "without_plan" not in networks:
        return
    missing = networks["without_plan"]
    if missing is None:
        yield "\ncuDNN is not installed: convolutions are im2col and a product"
        return
    yield f"\nconvolutions without a plan by cuDNN, done by im2col and a product: {len(missing)}"
    yield from (f"  {words}: {reason}" for words, reason in missing.items())


def _compared(row: dict[str, Any], ours: str, theirs: str, unit: float) -> str:
    """Ours, PyTorch's, and how many times faster ours is: of the GPU alone, and with Python."""
    cells = []
    for more, width in (("", 10), ("_with_python", 12)):
        mine, other = row[ours + more], row.get(theirs + more)
        for name, seconds, wide in ((ours, mine, width), (theirs, other, 10)):
            mark = "*" if not more and row.get(f"{name}_late") else ""
            cells.append("" if seconds is None else f"{seconds * unit:.2f}{mark}")
            cells[-1] = cells[-1].rjust(wide)
        cells.append("".rjust(6) if other is None else f"{other / max(mine, 1e-12):>6.2f}")
    return " ".join(cells)
