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

from minitorch_cv import nn  # noqa: E402
from minitorch_cv.models import get_model, published  # noqa: E402
from minitorch_cv.models.cost import undrawn  # noqa: E402
from minitorch_cv.models.registry import FAMILIES  # noqa: E402
from minitorch_cv.nn.summary import measure  # noqa: E402

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

SUMMARY = """### What the layers of a network cost, and what they see

`minitorch-cv summary lenet` (in Python: `nn.summary(model, (1, 32, 32))`) makes one pass that
computes nothing costly, and prints

```
{table}
```

*Field* is the receptive field: output p of a layer has seen the pixels p · jump − pad to
p · jump − pad + field − 1 of the image. With a window of K pixels, D apart, S from one to the next,
and P of padding, the field grows by (K − 1) · D · jump, the pad by P · jump, and the jump becomes
S · jump (A. Araujo, W. Norris, J. Sim, "Computing receptive fields of convolutional neural
networks", Distill 2019). Where paths meet, it is the span of all of them. With `--arithmetic` each
layer shows how its numbers come about:

```
{arithmetic}
```

and why a window does not fit, as one of 3 × 3 with stride 3 on 7 × 7 pixels:

```
{misfit}
```

Fields before global pooling or the first linear layer:
{fields}.
(`resnet50` as in the paper, which halves the size in the first 1 × 1 of a block, has 483.)
"""
FIELDS = {
    "alexnet": "features.12", "vgg16": "features.30", "resnet18": "layer4", "resnet50": "layer4",
    "resnet152": "layer4", "densenet121": "features", "inception_v3": "Mixed_7c",
}  # fmt: skip


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


def summary() -> str:
    """What `minitorch-cv summary` prints, and the fields of some networks."""
    with undrawn():
        told = measure(get_model("lenet"), published("lenet").input_size)
        fields = [f"`{name}` {_field(name, layer)}" for name, layer in FIELDS.items()]
    conv2 = next(row for row in told.rows if row.name == "conv2")
    return SUMMARY.format(
        table=told.text(),
        arithmetic="\n".join(conv2.arithmetic),
        misfit=measure(nn.MaxPool2d(3, 3), (1, 7, 7)).rows[0].arithmetic[0],
        fields=", ".join(fields),
    )


def _field(name: str, layer: str) -> int | None:
    """The receptive field of one layer, by its name in the model."""
    path: list[str] = []
    for row in measure(get_model(name), published(name).input_size).rows:
        path = [*path[: row.depth], row.name]
        if ".".join(path[1:]) == layer:
            return row.receptive_field[0]
    raise KeyError(layer)


def page() -> str:
    """The whole page."""
    families = "\n".join(section(family) for family in FAMILIES)
    return f"{HEAD}\n{summary()}\n{families}"


def main(arguments: list[str]) -> int:
    """Writes the page, or compares with `--check`."""
    return write(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
