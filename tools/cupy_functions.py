"""Writes down what CuPy has, for the strict fake device: functions, methods and their arguments.

    python tools/cupy_functions.py       # with CuPy 13, the oldest we run on; a GPU is not needed

One line for each of NumPy's names: `sum a axis dtype out keepdims`; `*` stands for any more of
them, in their order or by name. A ufunc's line says `ufunc`, and the methods of it that work, a
class's line `class`.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).resolve().parents[1] / "minitorch_cv" / "testing" / "cupy_functions.txt"
UFUNC_METHODS = ("accumulate", "reduce", "reduceat")  # CuPy has them for two ufuncs or one
_OF_ADD, _OF_MULTIPLY = "accumulate reduce reduceat", "accumulate reduce"
_MODULES = ("linalg", "fft", "lib.stride_tricks")


def lines(cupy: Any) -> Iterator[str]:
    """What CuPy has of what NumPy has."""
    yield f"# CuPy {cupy.__version__}, written by tools/cupy_functions.py"
    yield from _functions(cupy, np, cupy.ufunc, "")
    for module in _MODULES:
        inside = operator.attrgetter(module)
        yield from _functions(inside(cupy), inside(np), cupy.ufunc, f"{module}.")
    for name in _shared(cupy.ndarray, np.ndarray):
        if inspect.isroutine(getattr(np.ndarray, name)):
            yield f"ndarray.{name} {_method_arguments(getattr(cupy.ndarray, name))}".rstrip()


def _shared(ours: Any, numpys: Any) -> list[str]:
    return [name for name in sorted(dir(numpys)) if name[0] != "_" and hasattr(ours, name)]


def _functions(ours: Any, numpys: Any, ufunc: type, prefix: str) -> Iterator[str]:
    for name in _shared(ours, numpys):
        function = getattr(ours, name)
        if isinstance(function, ufunc):
            yield f"{prefix}{name} ufunc {_ufunc_methods(function)}".rstrip()
        elif isinstance(function, type):
            yield f"{prefix}{name} class"
        elif callable(function):
            yield f"{prefix}{name} {_arguments(function)}".rstrip()


def _ufunc_methods(function: Any) -> str:
    scatters = "at " if getattr(function, "_scatter_op", None) is not None else ""
    if function.name == "cupy_add":
        return scatters + _OF_ADD
    return scatters + (_OF_MULTIPLY if function.name == "cupy_multiply" else "")


def _arguments(function: Any) -> str:
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:  # compiled, and silent
        return "*"
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return " ".join("*" if p.kind in free else p.name for p in found)


def _method_arguments(method: Any) -> str:
    """From the first line of the docstring: `_ndarray_base.sum(self, axis=None, …)`."""
    match = re.search(r"\(self(.*?)\)(?: ->|$)", (method.__doc__ or "").partition("\n")[0])
    if match is None:
        return "*"
    names = [part.strip().partition("=")[0].split(" ")[-1] for part in match[1].split(",")]
    return " ".join("*" if name.startswith("*") else name for name in names if name)


if __name__ == "__main__":
    import cupy

    TARGET.write_text("\n".join(lines(cupy)) + "\n", encoding="utf-8")
