"""`minitorch-cv kernels`: the CUDA kernels, and what is known of each from hardware."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from ..tasks.errors import TaskError

_ROW = "  {:<30} {:<10} {:<6} {:>5} {:<12} {:<10}"
_WIDE = 80


def kernels(arguments: Any) -> int:
    """Prints the table; 0 also where kernels have changed."""
    try:
        from ..backend import verified

        known = verified.kernels()
    except ModuleNotFoundError as error:
        raise TaskError("kernels: there are no kernels; pip install the package") from error
    except ValueError as error:
        raise TaskError(str(error)) from error
    if arguments.json:
        rows = [{**kernel._asdict(), "failed": kernel.failed} for kernel in known]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print("\n".join(_table(known)))
    sys.stdout.flush()
    return 0


def _table(known: list[Any]) -> Iterator[str]:
    title = _ROW.format("kernel", "last ran", "result", "share", "on", "changed").rstrip()
    yield from (title, "-" * _WIDE)
    for file, group in groupby(known, lambda kernel: kernel.file):
        rows = list(group)
        yield f"{file:<{_WIDE - 9}} {rows[0].hash[:8]}".rstrip()
        for kernel in rows:
            yield _row(kernel)[:_WIDE].rstrip()
    yield "-" * _WIDE
    yield from _sums(known)


def _row(kernel: Any) -> str:
    record = kernel.record
    if record is None:
        return _ROW.format(_cut(kernel.name, 30), "never", "", "", "", "")
    share = record.get("share")
    return _ROW.format(
        _cut(kernel.name, 30), str(record.get("date", ""))[:10],
        "failed" if kernel.failed else "passed", "" if share is None else f"{share:.0%}",
        _cut(str(record.get("gpu", "")).removeprefix("NVIDIA "), 12),
        "gone" if kernel.state == "gone" else kernel.changed,
    )  # fmt: skip


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _sums(known: list[Any]) -> Iterator[str]:
    count = {state: sum(k.state == state for k in known) for state in ("same", "changed", "never")}
    failed = sum(kernel.failed for kernel in known)
    yield (
        f"{len(known)} kernels: {count['same']} as they ran on hardware"
        f"{f' ({failed} of them failed)' if failed else ''}, {count['changed']} changed since,"
    )
    yield f"{count['never']} never ran there; share: of the measured speed of a copy"
    if count["same"] < len(known):
        yield "to run them all: make gpu"
