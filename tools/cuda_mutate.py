"""Bugs that can be planted in the text of a CUDA kernel, each a small change at one place.

Comments, preprocessor lines and the heads of functions stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

KINDS = {
    "barrier left out": "`__syncthreads()` or `__syncwarp()` deleted",
    "sum not atomic": "`atomicAdd(&x, v)` → `x += v`",
    "no grid stride": "a loop with the stride of the grid goes round once",
    "bound off by one": "`<` ↔ `<=`, `>` ↔ `>=`",
    "one left out": "`+ 1` or `- 1` deleted",
    "wrong axis": "`H` ↔ `W`, `KH` ↔ `KW`, …; `threadIdx.x` ↔ `.y`, `blockIdx.x` ↔ `.y`",
    "sum overwritten": "`+=` → `=`",
    "sign flipped": "`+` ↔ `-`",
    "and for or": "`&&` ↔ `||`",
    "wrong start": "`0.0f` → `1.0f`, `-infinity()` → `0.0f`",
    "NaN forgotten": "`larger` → `fmaxf`, `beats(a, b)` → `a > b`",
}

_WORDS = [
    (r"__sync(?:threads|warp)\([^()]*\);", ";", "barrier left out"),
    (r"atomicAdd\(&([^;]+?), ([^;]+)\);", r"\1 += \2;", "sum not atomic"),
    (r"atomicAdd\((?!&)([^;]+?), ([^;]+)\);", r"*(\1) += \2;", "sum not atomic"),
    (r" < ", " <= ", "bound off by one"), (r" <= ", " < ", "bound off by one"),
    (r" > ", " >= ", "bound off by one"), (r" >= ", " > ", "bound off by one"),
    (r" [+-] 1(?![\w.])", "", "one left out"),
    (r"\b([KSPDO]?)H\b", r"\1W", "wrong axis"), (r"\b([KSPDO]?)W\b", r"\1H", "wrong axis"),
    (r"\b(thread|block)Idx\.x\b", r"\1Idx.y", "wrong axis"),
    (r"\b(thread|block)Idx\.y\b", r"\1Idx.x", "wrong axis"),
    (r" \+= ", " = ", "sum overwritten"),
    (r"(?<![(,=?:<>+*&|]) \+ ", " - ", "sign flipped"),
    (r"(?<![(,=?:<>+*&|]) - ", " + ", "sign flipped"),
    (r" && ", " || ", "and for or"), (r" \|\| ", " && ", "and for or"),
    (r"\b0\.0f\b", "1.0f", "wrong start"), (r"-infinity\(\)", "0.0f", "wrong start"),
    (r"\blarger\(", "fmaxf(", "NaN forgotten"),
    (r"\bbeats\((\w+), (\w+)\)", r"\1 > \2", "NaN forgotten"),
]  # fmt: skip
_RULES = [(re.compile(pattern), into, kind) for pattern, into, kind in _WORDS]
_ONCE = "(Long)blockIdx.x * blockDim.x + threadIdx.x"
_LOOP = re.compile(r"\bfor \(")
_STEP = re.compile(r"\s*(\w+) \+= (.*)")
_STRIDE = re.compile(r"\b(?:const )?(?:Long|int) (?:\w+ = [^,;]+, )*?(\w+) = [^,;]*gridDim")


class Bug(NamedTuple):
    """One planted change. old → new: in line number `line`, which reads `whole`. text: with it."""

    kind: str
    line: int
    whole: str
    old: str
    new: str
    text: str

    @property
    def where(self) -> str:
        """Where it is and what it does, for a list."""
        return f"{self.line}: `{self.old}` → `{self.new}` in `{self.whole}`"


def bugs_of(text: str) -> Iterator[Bug]:
    """Every bug, one after the other."""
    code = _blank(text)
    for pattern, into, kind in _RULES:
        for match in pattern.finditer(code):
            if kind == "sum overwritten" and _in_loop_head(code, match.start()):
                continue
            if kind == "bound off by one" and code[: match.start()].endswith("template"):
                continue
            yield _bug(text, kind, match.start(), match.end(), match.expand(into))
    yield from _single_passes(text, code)


def _bug(text: str, kind: str, start: int, end: int, new: str) -> Bug:
    line = text.count("\n", 0, start) + 1
    whole = text.splitlines()[line - 1].partition("//")[0].strip()
    changed = text[:start] + new + text[end:]
    return Bug(kind, line, whole, text[start:end].strip(), new.strip(), changed)


def _blank(text: str) -> str:
    """The same text, of the same length, in which only what may change can be matched."""
    lines = []
    in_directive = False
    for line in text.split("\n"):
        code = line.partition("//")[0]
        skip = in_directive or line.startswith("#") or not line.startswith("    ")
        in_directive = line.endswith("\\") and (in_directive or line.startswith("#"))
        if skip or re.match(r"\s+(?:const )?[\w ]+\* __restrict__", line):
            code = ""
        lines.append(code.ljust(len(line)))
    return "\n".join(lines)


def _in_loop_head(code: str, at: int) -> bool:
    """Is this the step of a `for`?"""
    start = code.rfind("for (", 0, at)
    return start >= 0 and _closing(code, start + 4) > at


def _closing(code: str, opening: int) -> int:
    """Where the bracket closes that opens here."""
    depth = 0
    for place in range(opening, len(code)):
        depth += (code[place] == "(") - (code[place] == ")")
        if depth == 0:
            return place
    return len(code)


def _single_passes(text: str, code: str) -> Iterator[Bug]:
    """Loops over the grid that stop after one round."""
    kind = "no grid stride"
    for match in re.finditer(r"GRID_STRIDE\((\w+), ", code):
        end = _closing(code, match.start() + len("GRID_STRIDE"))
        i, n = match[1], code[match.end() : end]
        once = f"for (Long {i} = {_ONCE}, once = 1; once && {i} < ({n}); once = 0)"
        yield _bug(text, kind, match.start(), end + 1, once)
    strides = set(_STRIDE.findall(code)) | {"gridDim"}
    for match in _LOOP.finditer(code):
        end = _closing(code, match.end() - 1)
        parts = code[match.end() : end].split(";")
        step = _STEP.fullmatch(parts[-1].strip()) if len(parts) == 3 else None
        if step and strides & set(re.findall(r"\w+", step[2])):
            begin = end - len(parts[2])
            yield _bug(text, kind, begin, end, f" {step[1]} += 1 << 30")
