"""Prints how large the house is: lines of code, comment and doc per room, and what outgrows it.

    python tools/size.py

A line counts as doc inside a docstring, as comment when it holds nothing else, else as code.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path
from typing import NamedTuple

import house

LARGEST = 5  # how many of the largest files and functions are shown
FOLDERS = ("tests", "benchmarks", "tools")  # outside the package, each a row of its own


class Lines(NamedTuple):
    """What the lines of some files are."""

    files: int = 0
    code: int = 0
    doc: int = 0
    comment: int = 0
    blank: int = 0

    def plus(self, other: Lines) -> Lines:
        return Lines(*(a + b for a, b in zip(self, other, strict=True)))


def lines_of(path: Path) -> Lines:
    """What the lines of one file are."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if path.suffix != ".py":
        return _of_cuda(lines)
    doc = _doc_lines(text)
    held: set[int] = set()  # lines on which a token of code begins or ends
    notes = set()
    quiet = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            notes.add(token.start[0])
        elif token.type not in quiet:
            held.update(range(token.start[0], token.end[0] + 1))
    code = len(held - doc)
    comment = len(notes - held - doc)
    return Lines(1, code, len(doc), comment, len(lines) - code - len(doc) - comment)


def _doc_lines(text: str) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        holder = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, holder) and ast.get_docstring(node) is not None:
            first = node.body[0]
            found.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def _of_cuda(lines: list[str]) -> Lines:
    blank = sum(not line.strip() for line in lines)
    comment = sum(line.strip().startswith(("//", "/*", "*")) for line in lines)
    return Lines(1, len(lines) - blank - comment, 0, comment, blank)


def rooms(root: Path) -> dict[str, Lines]:
    """Room → its lines, in the order of the floors; then tests, benchmarks and tools."""
    found = dict.fromkeys((*house.ROOMS, *FOLDERS), Lines())
    for top in (house.PACKAGE, "kernels", *FOLDERS):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".py", ".cu", ".cuh"):
                room = top if top in FOLDERS else house.room_of(path, root)
                found[room] = found.get(room, Lines()).plus(lines_of(path))
    return {room: lines for room, lines in found.items() if lines.files}


def report(root: Path) -> str:
    """The whole table, at most 80 columns wide."""
    table = rooms(root)
    text = [f"{'room':<16}{'files':>8}{'code':>10}{'doc':>10}{'comment':>10}{'blank':>10}"]
    for room, lines in table.items():
        text.append(f"{room:<16}{lines.files:>8}" + "".join(f"{n:>10,}" for n in lines[1:]))
    total = Lines()
    for room, lines in table.items():
        total = total if room in FOLDERS else total.plus(lines)
    text.append(f"{'the package':<16}{total.files:>8}" + "".join(f"{n:>10,}" for n in total[1:]))
    text += ["", f"largest files (at most {house.LIMITS.file} lines)", *_largest_files(root)]
    text += ["", f"longest functions (at most {house.LIMITS.function})", *_longest(root)]
    text += ["", f"fullest folders (at most {house.LIMITS.folder} files)"]
    folders = sorted(house.files_by_folder(root).items(), key=lambda item: -item[1])
    text += [_row(count, folder, house.LIMITS.folder) for folder, count in folders[:LARGEST]]
    broken = house.too_large(root)
    text += ["", f"beyond the hard limits: {len(broken)}"]
    text += [f"  {line if len(line) <= 78 else line[:77] + '…'}" for line in broken]
    return "\n".join(text)


def _row(count: int, what: str, limit: int) -> str:
    line = f"{count:>6} {'!' if count > limit else ' '} {what}"
    return line if len(line) <= 80 else f"{line[:34]}…{line[-45:]}"


def _largest_files(root: Path) -> list[str]:
    sizes = [
        (len(path.read_text(encoding="utf-8").splitlines()), path.relative_to(root).as_posix())
        for path in house.python_files(root, *house.SIZED)
    ]
    return [_row(count, path, house.LIMITS.file) for count, path in _top(sizes)]


def _longest(root: Path) -> list[str]:
    sizes = [
        (function.lines, f"{function.name}  {function.where}")
        for path in house.python_files(root, *house.SIZED)
        for function in house.functions_of(path, root)
    ]
    return [_row(count, place, house.LIMITS.function) for count, place in _top(sizes)]


def _top(sizes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(sizes, key=lambda size: (-size[0], size[1]))[:LARGEST]


if __name__ == "__main__":
    sys.stdout.write(report(house.ROOT) + "\n")
