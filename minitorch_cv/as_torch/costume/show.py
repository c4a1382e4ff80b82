"""Tensors in print, digit for digit as PyTorch prints them.

All elements get the same width. Floats that are whole numbers lose their digits ("1."); where the
largest and the smallest are more than 1000 times apart, or the numbers are above 1e8 or below 1e-4,
they are written with an exponent. More than 1000 elements are cut to three at each end of an axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...backend.device import to_numpy
from ...backend.dtypes import get_default_dtype
from .dtypes import dtype_of

OPTIONS: dict[str, Any] = dict(
    precision=4, threshold=1000, edgeitems=3, linewidth=80, sci_mode=None
)
_PROFILES: dict[str, dict[str, Any]] = {
    "default": dict(precision=4, threshold=1000, edgeitems=3, linewidth=80),
    "short": dict(precision=2, threshold=1000, edgeitems=2, linewidth=80),
    "full": dict(precision=4, threshold=math.inf, edgeitems=3, linewidth=80),
}
Write = Callable[[Any], str]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How Tensors are printed (PyTorch: `torch.set_printoptions`)."""
    OPTIONS.update(_PROFILES.get(profile or "", {}))
    given = dict(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth)
    OPTIONS.update({name: value for name, value in given.items() if value is not None})
    OPTIONS["sci_mode"] = sci_mode


def tensor_text(tensor: Any) -> str:
    """`tensor([[1., 2.]], grad_fn=<AddBackward0>)`"""
    array = to_numpy(tensor.array)
    indent = len("tensor(")
    extras = []
    if tensor.device.type != "cpu":
        extras.append(f"device='{tensor.device}'")
    default = get_default_dtype()
    if array.size == 0:
        if array.ndim != 1:
            extras.append(f"size={tuple(array.shape)}")
        if array.dtype != default:
            extras.append(f"dtype={dtype_of(array.dtype)}")
        text = "[]"
    else:
        if array.dtype not in (default, np.dtype("int64"), np.dtype("bool")):
            extras.append(f"dtype={dtype_of(array.dtype)}")
        short = array.size > OPTIONS["threshold"]
        write, width = writer(_ends(array) if short else array)
        text = _text(array, indent, short, write, width)
    if tensor._node is not None:
        extras.append(f"grad_fn=<{node_name(tensor._node.name)}>")
    elif tensor._requires_grad:
        extras.append("requires_grad=True")
    return _joined(f"tensor({text}", extras, indent)


def _joined(text: str, extras: list[str], indent: int) -> str:
    """The extras behind the numbers, on a new line where the last one is full."""
    length = len(text) - text.rfind("\n") + 1
    for extra in extras:
        if length + len(extra) + 2 > OPTIONS["linewidth"]:
            text += f",\n{' ' * indent}{extra}"
            length = indent + len(extra)
        else:
            text += f", {extra}"
            length += len(extra) + 2
    return f"{text})"


def node_name(name: str) -> str:
    """The name of a node of the tape in PyTorch's style: `AddBackward0`."""
    words = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return f"{_SPECIAL.get(words, words)}Backward0"


_SPECIAL = {"Linear": "Addmm", "Matmul": "Mm", "CrossEntropy": "NllLoss", "Reshape": "View",
            "Subtract": "Sub", "Multiply": "Mul", "Divide": "Div", "Power": "Pow",
            "Negative": "Neg", "Conv": "Convolution", "MaxPool": "MaxPool2DWithIndices",
            "BatchNorm": "NativeBatchNorm", "LogSoftmax": "LogSoftmax"}  # fmt: skip


def _ends(array: np.ndarray) -> np.ndarray:
    """The elements that are shown of a long array: the first and last few of each axis."""
    few = OPTIONS["edgeitems"]
    for axis, size in enumerate(array.shape):
        if size > 2 * few:
            kept = [*range(few), *range(size - few, size)]
            array = np.take(array, kept, axis)
    return array


def writer(array: np.ndarray) -> tuple[Write, int]:
    """(a function that writes one element, the width of the widest)."""
    if array.dtype.kind != "f":
        width = max(len(str(value)) for value in array.reshape(-1).tolist())
        return (lambda value: str(value).rjust(width)), width
    digits = OPTIONS["precision"]
    values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    whole = bool((values == np.ceil(values)).all())
    forced = OPTIONS["sci_mode"]
    exponent = _needs_exponent(np.abs(values), whole) if forced is None else forced
    if exponent and len(values):
        form = f".{digits}e"
    else:
        form = ".0f" if whole else f".{digits}f"
    dot = "." if whole and form == ".0f" else ""

    def one(value: float) -> str:
        return format(value, form) + (dot if math.isfinite(value) else "")

    width = max([1, *(len(one(value)) for value in values.tolist())])
    return (lambda value: one(value).rjust(width)), width


def _needs_exponent(sizes: np.ndarray, whole: bool) -> bool:
    if not len(sizes):
        return False
    smallest, largest = sizes.min(), sizes.max()
    return bool(largest / smallest > 1000.0 or largest > 1.0e8 or (not whole and smallest < 1.0e-4))


def _text(array: np.ndarray, indent: int, short: bool, write: Write, width: int) -> str:
    if array.ndim == 0:
        return write(array.item())
    few = OPTIONS["edgeitems"]
    cut = short and len(array) > 2 * few
    if array.ndim == 1:
        values = array.tolist()
        ends = (values[:few], values[-few:]) if cut else (values, [])
        cells = [write(value) for value in ends[0]] + [" ..."] * cut
        cells += [write(value) for value in ends[1]]
        per_line = max(1, int((OPTIONS["linewidth"] - indent) // (width + 2)))
        lines = [", ".join(cells[k : k + per_line]) for k in range(0, len(cells), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = (array[:few], array[-few:]) if cut else (array, array[:0])
    slices = [_text(part, indent + 1, short, write, width) for part in parts[0]]
    slices += ["..."] * cut
    slices += [_text(part, indent + 1, short, write, width) for part in parts[1]]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(slices) + "]"
