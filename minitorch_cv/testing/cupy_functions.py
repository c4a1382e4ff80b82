"""Which of NumPy's functions CuPy has, and with which arguments: cupy_functions.txt, as rules.

The strict fake device holds every call against them, so that a call that only NumPy understands
(`xp.sum(x, where=mask)`, `xp.insert`) fails on any machine, not on the first GPU.

Source: CuPy itself; `tools/cupy_functions.py` wrote the table.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

_TABLE = Path(__file__).with_name("cupy_functions.txt")
_UFUNC_ARGUMENTS = ("out", "where", "casting", "dtype")


class Rule(NamedTuple):
    """What may be passed to a function: in order and by name, by name alone, or anything."""

    name: str
    arguments: tuple[str, ...]
    is_ufunc: bool = False
    methods: tuple[str, ...] = ("outer",)  # of a ufunc

    def check(self, args: Any, kwargs: Any) -> None:
        """Raises TypeError, as CuPy does, for an argument that CuPy's function has not."""
        if "*" in self.arguments:
            return
        known = _UFUNC_ARGUMENTS if self.is_ufunc else self.arguments
        unknown = [name for name in kwargs if name not in known]
        if unknown or (not self.is_ufunc and len(args) > len(known)):
            got = ", ".join(unknown) if unknown else f"{len(args)} arguments"
            raise TypeError(f"fake device: CuPy's {self.name} takes {', '.join(known)} (got {got})")


class _AtRule(Rule):
    """Of a ufunc's `at`, which is made of CUDA's atomics: they take few dtypes."""

    def check(self, args: Any, kwargs: Any) -> None:
        """Raises TypeError, as CuPy does, for an array of another dtype."""
        if args[0].dtype.name not in self.arguments:
            raise TypeError(
                f"fake device: CuPy's {self.name} only supports {', '.join(self.arguments)} (got "
                f"{args[0].dtype})"
            )


_ATOMICS = ("int32", "uint32", "uint64", "float32", "float64")


def method_rule(ufunc: str, method: str) -> Rule | None:
    """What CuPy asks of the arguments of a ufunc's method (source: _routines_indexing.pyx)."""
    if method != "at":
        return None
    return _AtRule(f"{ufunc}.at", _ATOMICS + (("float16",) if ufunc == "add" else ()))


@functools.cache
def rules() -> dict[str, Rule]:
    """Name (`sum`, `linalg.norm`, `ndarray.sum`) → rule."""
    found = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        name, *words = line.split()
        if words[:1] == ["ufunc"]:
            found[name] = Rule(name, (), True, ("outer", *words[1:]))
        elif name != "#":
            found[name] = Rule(name, tuple(words))
    return found
