"""kernels/verified.json: when each CUDA kernel last ran on hardware, and with what result.

    {"kernels": {"im2col": {"file": "conv/im2col.cu", "hash": …, "own_hash": …, "gpu": …,
                            "driver": …, "cupy": …, "date": …, "error": …, "microseconds": …,
                            "share": …}}}

hash: of the text that is compiled; own_hash: of the file without common.cuh. error: the largest
difference from float64, relative to the largest value; share: of the measured speed of a copy.
`python -m benchmarks.gpu` writes it, `minitorch-cv kernels` compares it with the kernels of today.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .atomic import write_atomically
from .cuda_kernels import HERE, Source, all_sources

NEVER, SAME, CHANGED, GONE = "never", "same", "changed", "gone"


class Kernel(NamedTuple):
    """One kernel as it is, beside its record.

    state: "never" ran on hardware; "same" text as then; "changed" since; "gone": only the record is
    left. changed: "its file" or, where that is the same, "common.cuh". record: None without one.
    """

    name: str
    file: str
    hash: str
    state: str
    changed: str
    record: dict[str, Any] | None

    @property
    def failed(self) -> bool:
        """Did its last run on hardware end badly?"""
        return self.record is not None and not self.record.get("passed", True)


def path() -> Path:
    """Where the record lies: in the package `kernels`."""
    from .. import kernels

    return Path(kernels.__path__[0]) / "verified.json"


def read(file: Path | None = None) -> dict[str, dict[str, Any]]:
    """Kernel → its record; nothing where none has run yet. ValueError for what is no such file."""
    file = file or path()
    if not file.is_file():
        return {}
    try:
        known = json.loads(file.read_text(encoding="utf-8"))["kernels"]
        return {str(name): dict(record) for name, record in known.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"verified.json: it cannot be read ({error!r}, in {file}); remove it, and run: make gpu"
        ) from error


def write(records: Mapping[str, Mapping[str, Any]], file: Path | None = None) -> Path:
    """Adds records to those that are there. Of kernels that did not run the old ones stay."""
    file = file or path()
    merged = {**read(file), **{name: dict(record) for name, record in records.items()}}
    known = {name for source in all_sources() for name in source.kernels}
    kept = {name: merged[name] for name in sorted(merged) if name in known}
    text = json.dumps({"kernels": kept}, indent=1, ensure_ascii=False)
    write_atomically(file, (text + "\n").encode())
    return file


def own_hash(source: Source) -> str:
    """Of the file alone."""
    return hashlib.sha256((HERE / source.path).read_bytes()).hexdigest()


def kernels(file: Path | None = None) -> list[Kernel]:
    """All kernels by file, with their records; at the end records whose kernels are gone."""
    records = read(file)
    found = []
    for source in all_sources():
        for name in source.kernels:
            record = records.pop(name, None)
            found.append(_kernel(source, name, record))
    gone = [Kernel(name, record.get("file", ""), "", GONE, "", record)
            for name, record in records.items()]  # fmt: skip
    return found + gone


def _kernel(source: Source, name: str, record: dict[str, Any] | None) -> Kernel:
    if record is None:
        return Kernel(name, source.path, source.hash, NEVER, "", None)
    if record.get("hash") == source.hash:
        return Kernel(name, source.path, source.hash, SAME, "", record)
    own = record.get("own_hash") != own_hash(source)
    changed = "its file" if own else "common.cuh"
    return Kernel(name, source.path, source.hash, CHANGED, changed, record)
