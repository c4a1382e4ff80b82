"""ONNX operators in terms of minitorch_cv's public functions; runs the graphs made of them.

A mapping is `f(lib, node, *inputs) -> Tensor or tuple`: it asks the node for its attributes and
calls `lib.mt` (the package), `lib.F` (`nn.functional`), `lib.optim` or `lib.detection`. It holds no
mathematics of its own beyond the translation of arguments; where PyTorch's function lacks an
option, it combines functions that have it. What cannot be said that way is listed in LEFT_OUT.

Source: ONNX, "Operator schemas", https://onnx.ai/onnx/operators (versions 6 to 22).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import mapping_detection
import mapping_layers
import mapping_resize
import mapping_shapes
import mapping_training
import mapping_windows
from reader import Case

Mapping = Callable[..., Any]


class Noting:
    """A module, fetched when first used, whose names are noted down as they are used."""

    def __init__(self, fetch: Callable[[], Any], prefix: str, used: list[str]) -> None:
        self._fetch, self._prefix, self._used = fetch, prefix, used

    def __getattr__(self, name: str) -> Any:
        if f"{self._prefix}.{name}" not in self._used:
            self._used.append(f"{self._prefix}.{name}")
        return getattr(self._fetch(), name)


class Library:
    """The engine as the mappings see it; `used` tells which names a case ran on."""

    def __init__(self, engine: Any) -> None:
        self.used: list[str] = []
        self.mt = Noting(lambda: engine, "mt", self.used)
        self.F = Noting(lambda: engine.nn.functional, "F", self.used)
        self.optim = Noting(lambda: engine.optim, "optim", self.used)
        self.detection = Noting(lambda: engine.detection, "detection", self.used)


# Elementwise operators whose attributes, if any, are PyTorch's.


def _plain(name: str) -> Mapping:
    return lambda lib, node, *xs: getattr(lib.mt, name)(*xs)


def _of_many(name: str) -> Mapping:
    return lambda lib, node, *xs: reduce(getattr(lib.mt, name), xs)


def _aligned(name: str) -> Mapping:
    """Before version 7, `axis` said where the shape of b begins in that of a."""

    def mapping(lib: Any, node: Any, a: Any, b: Any) -> Any:
        node.attribute("broadcast")  # 1: shapes may differ, which is always so today
        axis = node.attribute("axis")
        if axis is not None:
            b = lib.mt.reshape(b, (*b.shape, *[1] * (a.ndim - axis - b.ndim)))
        return getattr(lib.mt, name)(a, b)

    return mapping


def constant(lib: Any, node: Any) -> Any:
    return node.attribute("value")


def clip(lib: Any, node: Any, x: Any) -> Any:
    return lib.mt.clamp(x, node.attribute("min"), node.attribute("max"))


OPERATORS: dict[str, Mapping] = {
    "Abs": _plain("abs"), "Neg": _plain("neg"), "Pow": _plain("pow"), "Sqrt": _plain("sqrt"),
    "Add": _aligned("add"), "Mul": _aligned("mul"), "Div": _aligned("div"),
    "Max": _of_many("maximum"), "Min": _of_many("minimum"), "Clip": clip, "Constant": constant,
    **mapping_detection.OPERATORS,
    **mapping_layers.OPERATORS,
    **mapping_resize.OPERATORS,
    **mapping_shapes.OPERATORS,
    **mapping_training.OPERATORS,
    **mapping_windows.OPERATORS,
}  # fmt: skip

# Graphs of several operators that are one function of ours: they are checked this way, too.
ONE_FUNCTION: dict[str, Mapping] = {
    "test_GLU": lambda lib, x: lib.F.glu(x),
    "test_Softmin": lambda lib, x: lib.F.softmin(x, dim=1),
    "test_Softsign": lambda lib, x: lib.F.softsign(x),
}

_OTHER_MASK = "The expected mask is a draw of NumPy's Mersenne Twister, which ours is not."
LEFT_OUT: dict[str, str] = {
    "test_resize_downsample_sizes_cubic_antialias": (
        "The antialiased cubic kernel is the one with a = −0.75 in ONNX, with a = −0.5 in PyTorch."
    ),
    "test_training_dropout": _OTHER_MASK,
    "test_training_dropout_default_mask": _OTHER_MASK,
}


def is_mapped(case: Case) -> bool:
    """True where every operator of the case has a mapping."""
    return all(node.op in OPERATORS for node in case.nodes)


def run(case: Case, engine: Any, lib: Library) -> dict[str, Any]:
    """The outputs of a case by name: its nodes, one after the other, over named values."""
    values = {name: engine.tensor(array) for name, array in case.inputs.items()}
    for node in case.nodes:
        if node.op not in OPERATORS:
            raise NotImplementedError(f"{case.name}: {node.op} has no mapping")
        inputs = [values[name] if name else None for name in node.inputs]
        answer = OPERATORS[node.op](lib, node, *inputs)
        if node.overlooked():
            raise NotImplementedError(f"{case.name}: {node.op} has {node.overlooked()}")
        answers = answer if isinstance(answer, tuple) else (answer,)
        if len(answers) != len(node.outputs):
            raise NotImplementedError(f"{case.name}: {node.op} gives {len(answers)} outputs")
        values |= dict(zip(node.outputs, answers, strict=True))
    return {name: values[name] for name in case.outputs}
