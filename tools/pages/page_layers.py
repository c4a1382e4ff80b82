"""Writes docs/layers.md: each layer with its equation, shapes, source, picture and code.

    python tools/pages/page_layers.py            write it
    python tools/pages/page_layers.py --check    exit code 1 where the page is out of date

Everything comes from the docstrings of the layers (and of the classes they share it with); the
pictures are drawn by tools/pages/layer_pictures.py.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).resolve().parent))

from layer_pictures import PICTURES  # noqa: E402 (lies beside this file)

from minitorch_cv import nn  # noqa: E402
from minitorch_cv.nn import functional  # noqa: E402
from minitorch_cv.ops import catalog  # noqa: E402

PAGE = ROOT / "docs" / "layers.md"
HEAD = """# Layers

Written by `make docs` from the docstrings of the layers; change those instead. Names, arguments and
defaults are PyTorch's. `N` is the batch, `C` the channels; `(N, C, …)` is any number of further
axes. Every layer is compared with PyTorch over a grid of arguments ([parity.md](parity.md)), its
gradient is checked to second order by difference quotients, and the ops below it against naive
loops ([ops.md](ops.md)).
"""
# Title → the files whose layers it gathers, in the order of the page.
FAMILIES = {
    "Convolution": ("conv", "conv_transpose", "fold"),
    "Linear": ("linear",),
    "Pooling": ("pooling", "adaptive_pooling"),
    "Normalisation": ("batchnorm", "instancenorm", "normalization"),
    "Activation": ("activation", "gates", "softmax", "adaptive_softmax", "attention"),
    "Dropout": ("dropout",),
    "Padding": ("padding",),
    "Resizing and shuffling": ("upsampling", "pixelshuffle", "flatten"),
    "Distances": ("distance",),
    "Losses": ("classes", "distances", "probabilities", "margins", "triplets", "overlap"),
    "Containers": ("container",),
}


class Entry(NamedTuple):
    """What the page says about one layer."""

    name: str
    meaning: str
    equation: str
    legend: str  # what the equation's symbols are
    shapes: str
    rest: str  # arguments and further words
    source: str


def layers() -> list[type]:
    """All public layers."""
    found = [getattr(nn, name) for name in nn.__all__]
    return [c for c in found if inspect.isclass(c) and issubclass(c, nn.Module) and c != nn.Module]


def family_of(layer: type) -> str:
    """The title under which a layer stands. Raises ValueError for a file that has none."""
    file = layer.__module__.rpartition(".")[2]
    for title, files in FAMILIES.items():
        if file in files:
            return title
    raise ValueError(f"page_layers: {layer.__name__} lies in {file}.py, which no family names")


def entry_of(layer: type) -> Entry:
    """The parts of a layer's docstring; what it lacks comes from the classes that it builds on."""
    parts: dict[str, str] = {}
    for kind in layer.__mro__:
        if kind is nn.Module:
            break
        for key, text in _parts(kind).items():
            parts.setdefault(key, text)
    blank = {key: parts.get(key, "") for key in Entry._fields if key != "name"}
    return Entry(layer.__name__, **blank)


def _parts(kind: type) -> dict[str, str]:
    """Meaning, equation, shapes, rest and source, as far as a class's own docstring has them."""
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
    if not text:
        return {}
    found: dict[str, str] = {}
    first, *paragraphs = text.split("\n\n")
    found["meaning"] = " ".join(first.split())
    for paragraph in paragraphs:
        for key, part in _split(paragraph):
            key = "legend" if key == "rest" and "shapes" not in found else key
            found[key] = f"{found[key]}\n\n{part}" if key in found else part
    return found


def _split(paragraph: str) -> list[tuple[str, str]]:
    """A paragraph as (part, text): an equation is indented, Shapes and Source begin with so."""
    if paragraph.startswith("    "):
        return [("equation", inspect.cleandoc("\n" + paragraph))]
    words = re.split(r"(?:^|(?<=\. ))(Shapes|Source): ", " ".join(paragraph.split()))
    pieces = [("rest", words[0].strip())] if words[0].strip() else []
    for name, text in zip(words[1::2], words[2::2], strict=True):
        first, stop, more = text.strip().partition(". ") if name == "Shapes" else (text, "", "")
        pieces.append((name.lower(), (first + stop).strip()))
        pieces += [("rest", more.strip())] if more.strip() else []
    return pieces


def missing(layer: type) -> list[str]:
    """What a layer's docstring does not say, one complaint for each part."""
    entry = entry_of(layer)
    wanted = ("meaning", "equation", "shapes", "source")
    if family_of(layer) == "Containers":
        wanted = ("meaning",)
    if layer is nn.Identity:
        wanted = ("meaning", "equation", "shapes")
    return [f"{layer.__name__}: has no {part}" for part in wanted if not getattr(entry, part)]


def page() -> str:
    """The whole page."""
    families: dict[str, list[type]] = {title: [] for title in FAMILIES}
    for layer in layers():
        families[family_of(layer)].append(layer)
    index = [f"[{title}](#{title.lower().replace(' ', '-')})" for title in families]
    text = [HEAD, " · ".join(index) + "\n"]
    for title, members in families.items():
        text.append(f"## {title}\n")
        for name, caption in PICTURES.get(title, {}).items():
            text.append(f"![{caption}](pictures/{name}.png)\n\n*{caption}*\n")
        text += [_entry_text(layer) for layer in members]
    return "\n".join(text).rstrip() + "\n"


def _entry_text(layer: type) -> str:
    entry = entry_of(layer)
    lines = [f"### {entry.name}\n", f"`nn.{entry.name}{_signature(layer)}`\n", entry.meaning + "\n"]
    if entry.equation:
        lines.append(f"```text\n{entry.equation}\n```\n")
    if entry.legend:
        lines.append(entry.legend + "\n")
    if entry.shapes:
        lines.append(f"Shapes: {entry.shapes}\n")
    if entry.rest:
        lines.append(entry.rest + "\n")
    if entry.source:
        lines.append(f"Source: {entry.source}\n")
    for name, caption in PICTURES.get(entry.name, {}).items():
        lines.append(f"![{caption}](pictures/{name}.png)\n\n*{caption}*\n")
    lines.append(f"Code: {_code(layer)}\n")
    return "\n".join(lines)


def _signature(layer: type) -> str:
    signature = inspect.signature(layer.__init__)  # type: ignore[misc]
    kept = [p.replace(annotation=p.empty) for k, p in enumerate(signature.parameters.values()) if k]
    return str(signature.replace(parameters=kept, return_annotation=signature.empty))


def _code(layer: type) -> str:
    """Links to the layer, and to its op where one bears its name."""
    links = [_link(inspect.getsourcefile(layer))]
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", layer.__name__).lower().removesuffix("_loss")
    for called in (name, name.replace("_", ""), re.sub(r"_?[123]d$", "", name), f"{name}_loss"):
        if hasattr(functional, called):
            links.insert(0, f"`F.{called}`")
            break
    for called in (name, name.replace("batch_norm", "batch_norm"), f"{name}_loss"):
        base = called if called in catalog.op_names() else re.sub(r"[123]d$", "", called)
        if base in catalog.op_names():
            module = catalog.module_of(base).replace(".", "/")
            links.append(_link(str(ROOT / "minitorch_cv" / "ops" / f"{module}.py")))
            break
    return " · ".join(links)


def _link(path: Any) -> str:
    place = Path(path).resolve().relative_to(ROOT).as_posix()
    return f"[{place.removeprefix('minitorch_cv/')}](../{place})"


def main(argv: list[str]) -> int:
    """The command line."""
    complaints = [complaint for layer in layers() for complaint in missing(layer)]
    if complaints:
        sys.stderr.write("\n".join(complaints) + "\n")
    text = page()
    if "--check" in argv:
        return int(bool(complaints) or not PAGE.is_file() or PAGE.read_text("utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
