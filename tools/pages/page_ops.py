"""Writes docs/ops.md, an entry for each op, from the op files: equation, shapes, where it lives.

python tools/pages/page_ops.py            write it
python tools/pages/page_ops.py --check    exit code 1 where the file is not what would be written
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import numpy as np
from writing import write

from minitorch_cv.ops import catalog
from minitorch_cv.ops.op import Op
from minitorch_cv.testing.parts import parts_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ops.md"
TABLES = ("elementwise.unary", "elementwise.binary", "elementwise.activations", "loss.elementwise")
HEAD = """# Ops

Written by `make docs` from the op files; change those instead. Each op is one file below
`minitorch_cv/ops`, or one row of a table there, and each is checked on its samples by
`minitorch-cv check <op>`: value, gradient and second derivative against naive loops, and more.
`minitorch-cv where <op>` prints where its parts are.
"""


def page() -> str:
    """The whole page."""
    modules: dict[str, list[str]] = {}
    for name in catalog.op_names():
        modules.setdefault(catalog.module_of(name), []).append(name)
    families: dict[str, list[str]] = {}
    for module in sorted(modules):
        families.setdefault(module.partition(".")[0], []).append(module)
    links = ", ".join(f"[{name}](#{name})" for name in catalog.op_names())
    text = [HEAD, links + ".\n"]
    for family, members in families.items():
        text.append(f"## {family.capitalize()}\n")
        for module in members:
            make = _table if module in TABLES else _file
            text.append(make(module, modules[module]))
    return "\n".join(text)


def _file(module: str, names: list[str]) -> str:
    """The entries of an op file: its docstring once, below the first of its ops."""
    text = []
    for name in names:
        op = catalog.op_named(name)
        text.append(f"### {name}\n\n`{_signature(op)}`\n")
        first = name == names[0]
        text.append(_docstring(module) if first else f"See [{names[0]}](#{names[0]}).\n")
        text.append(_places(name) + f"\n{_samples(op)}\n")
    return "\n".join(text)


def _table(module: str, names: list[str]) -> str:
    """The entries of a table of rows: forward and derivative as they are written there."""
    text = [f"The table `ops/{module.replace('.', '/')}.py`.\n", _docstring(module)]
    for name in names:
        op = catalog.op_named(name)
        text.append(f"### {name}\n\n```python\n{_row(module, name)}\n```\n")
        text.append(_places(name) + f"\n{_samples(op)}\n")
    return "\n".join(text)


def _docstring(module: str) -> str:
    document = inspect.getdoc(catalog._module(module)) or ""
    return f"```text\n{document.strip()}\n```\n"


def _row(module: str, name: str) -> str:
    """The lines of a row: from its name to the next row."""
    source = inspect.getsource(catalog._module(module))
    start = r"^    (unary|binary|error)\("
    found = re.search(rf'{start}"{name}",.*?(?={start}|^\))', source, re.MULTILINE | re.DOTALL)
    return inspect.cleandoc(found.group(0)).rstrip(",\n") if found else name


def _signature(op: Op) -> str:
    parameters = inspect.signature(op.forward).parameters.values()
    positional = [str(p).partition(":")[0] for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keywords = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in parameters if p.kind is p.KEYWORD_ONLY
    ]  # fmt: skip
    return f"{op.name}({', '.join([*positional, *(['*', *keywords] if keywords else [])])})"


def _places(name: str) -> str:
    """Where the op is found: as a function, a layer, and in the source."""
    parts = parts_of(name)
    kernels = [device for device in ("CPU", "CUDA") if parts[f"{device} kernel"]]
    shown = {
        "called": parts["function"] and f"`{parts['function']}`",
        "layers": parts["layer"] and f"`{parts['layer']}`",
        "source": f"`{(parts['op'] or '').partition(':')[0]}`",
        "fast kernels": ", ".join(f"`{parts[f'{d} kernel']}`" for d in kernels) or "none",
    }
    return "\n".join(f"- {title}: {place}" for title, place in shown.items() if place)


def _samples(op: Op) -> str:
    rng = np.random.default_rng(0)
    good = len(list(op.samples(rng))) if op.samples is not None else 0
    bad = len(list(op.error_samples(rng))) if op.error_samples is not None else 0
    notes = [f"- checked on: {good} samples, {bad} refused inputs"]
    if op.composite:
        notes.append("- composite: written with other ops")
    if not op.twice:
        notes.append("- has no second derivative")
    return "\n".join(notes) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the page, or compares with `--check`."""
    return write(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
