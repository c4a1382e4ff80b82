"""Writes docs/models.md: all networks with layers, parameters, multiply-adds and published errors.

    python tools/pages/page_models.py            write it
    python tools/pages/page_models.py --check    exit code 1 where the file is not what would be

Everything comes from the PUBLISHED tables and the docstrings of minitorch_cv/models.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from writing import write  # noqa: E402 (lies beside this file)

from minitorch_cv.models.registry import FAMILIES  # noqa: E402

PAGE = ROOT / "docs" / "models.md"
HEAD = """# Models

Written by `make docs` from the tables and docstrings in `minitorch_cv/models`; change those
instead. `models.get_model(name)` or the function of that name builds a network, `weights=PATH`
starts it from a state dict in a `.safetensors` or `.npz` file. Where torchvision has the network,
arguments, names of weights, parameters, multiply-adds, outputs and gradients are torchvision's.

*Layers*: those with weights on the longest way through. *Multiply-adds*: of convolutions and linear
layers for one image of the input's size (`models.multiply_adds`). *Top-1*, *top-5*: published error
in per cent on the data's validation or test set, from the source below each table.
"""


def number(value: int) -> str:
    """1234567 → 1 234 567."""
    return f"{value:,}".replace(",", " ")


def error(value: float | None) -> str:
    """A published error, or a dash."""
    return "–" if value is None else f"{value:.2f}"


def section(family: Any) -> str:
    """One family: its first line, its table, its sources, and what differs from the paper."""
    title, _, rest = family.__doc__.partition("\n\n")
    lines = [f"## {' '.join(title.split()).rstrip('.')}", ""]
    lines += ["| model | input | layers | parameters | multiply-adds | data | top-1 | top-5 |"]
    lines += ["| --- | --- | --: | --: | --: | --- | --: | --: |"]
    for name, row in family.PUBLISHED.items():
        size = " × ".join(map(str, row.input_size))
        lines.append(
            f"| `{name}` | {size} | {row.layers} | {number(row.parameters)} | "
            f"{number(row.multiply_adds)} | {row.data} | {error(row.top1_error)} | "
            f"{error(row.top5_error)} |"
        )
    sources = sorted({row.source for row in family.PUBLISHED.values() if row.source})
    if sources:
        lines += ["", f"Published in: {'; '.join(sources)}."]
    for paragraph in rest.strip().split("\n\n"):
        lines += ["", " ".join(paragraph.split())]
    where = family.__name__.split(".", 1)[1].replace(".", "/")
    lines += ["", f"Code: [{where}.py](../minitorch_cv/{where}.py)", ""]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    return HEAD + "\n" + "\n".join(section(family) for family in FAMILIES)


def main(arguments: list[str]) -> int:
    """Writes the page, or compares with `--check`."""
    return write(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
