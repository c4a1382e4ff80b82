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


def _ops(timing: dict[str, Any]) -> Iterator[str]:
    if not timing.get("ops"):
        return
    title = f"\n{'op':<22} {'forward µs':>11} {'torch':>9} {'ratio':>6}"
    yield f"{title} {'backward':>10} {'torch':>9} {'ratio':>6}"
    for name, row in timing["ops"].items():
        cells = [f"{name:<22}"]
        for what, width in (("forward", 11), ("backward", 10)):
            ours, theirs = row.get(what), row.get(f"torch_{what}")
            cells.append(f"{ours * 1e6:>{width}.1f}" if ours is not None else " " * width)
            cells.append(f"{theirs * 1e6:>9.1f}" if theirs is not None else " " * 9)
            both = ours is not None and theirs is not None
            cells.append(f"{theirs / max(ours, 1e-12):>6.2f}" if both else " " * 6)
        yield " ".join(cells).rstrip()


def _networks(found: dict[str, Any]) -> Iterator[str]:
    if not found.get("steps"):
        return
    yield f"\n{'training step, ms':<22} {'eager':>9} {'captured':>9} {'torch':>9}"
    for name, row in found["steps"].items():
        cells = (f"{row[k] * 1e3:>9.2f}" if k in row else " " * 9
                 for k in ("eager", "captured", "torch"))  # fmt: skip
        yield f"{name:<22} {' '.join(cells)}".rstrip()
