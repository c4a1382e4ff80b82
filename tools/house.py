"""The rules of the house, each a small function that answers a list of complaints.

ROOMS is the import table of docs/architecture.md, section 2, and LIMITS its section 8: they are
written here and nowhere else in code. tests/test_house.py runs every rule, tests/tools shows every
rule a house that breaks it, and tools/size.py prints how far from the limits we are.
"""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "minitorch_cv"


class Room(NamedTuple):
    """One room: its floor, the rooms below that it may use, and packages from outside."""

    floor: int
    uses: tuple[str, ...]
    outside: tuple[str, ...] = ("numpy",)


# The standard library is open to all. A room may import itself and what its row names.
ENGINE = ("backend", "ops", "autograd", "nn")
ALL = (*ENGINE, "optim", "models", "detection", "data", "testing", "interop", "tasks")
ROOMS: dict[str, Room] = {
    "kernels": Room(0, (), ("numpy", "numba", "llvmlite")),
    "backend": Room(1, ("kernels",), ("numpy", "cupy", "cudnn", "threadpoolctl")),
    "ops": Room(2, ("backend",)),
    "autograd": Room(3, ("ops", "backend")),
    "nn": Room(4, ("autograd", "ops", "backend")),
    "optim": Room(4, ("nn", "autograd", "ops", "backend")),  # nn: averaged models are modules
    "models": Room(5, (*ENGINE, "interop")),
    "detection": Room(5, ENGINE),
    "data": Room(5, ("autograd", "backend"), ("numpy", "PIL", "scipy", "sklearn")),
    "testing": Room(5, (*ENGINE, "detection")),
    "interop": Room(5, ENGINE, ("numpy", "safetensors")),
    "tasks": Room(6, ALL, ("numpy", "PIL", "matplotlib", "safetensors", "sklearn", "tqdm")),
    "cli": Room(7, (*ALL, "front"), ("numpy", "PIL", "tqdm", "threadpoolctl", "numba")),
    "as_torch": Room(7, (*ENGINE, "optim", "models", "data", "interop", "front"), ("numpy", "PIL")),
    "pytest_plugin": Room(7, ("testing",), ("pytest",)),
    "front": Room(7, ALL, ()),  # minitorch_cv/__init__.py: what users import, most of it lazily
}
FRONT = {  # files beside the rooms
    "__init__.py": "front", "__main__.py": "cli", "cli.py": "cli",
    "pytest_plugin.py": "pytest_plugin",
}  # fmt: skip
PRINTING_ROOMS = ("cli",)  # the only room that prints and parses arguments
# `summary(model, shape)` prints a table by its name.
PRINTING_FILES = (f"{PACKAGE}/nn/summary/__init__.py",)
# autograd knows no op but those that Tensor's own operators and methods are made of.
OPERATOR_FAMILIES = (
    "elementwise", "shape", "reduce", "scan", "linalg", "activation", "op", "catalog", "autocast",
    "bfloat16",
)  # fmt: skip


class Limits(NamedTuple):
    """Sizes that feel right, and the hard stops that a test enforces."""

    file: int = 400
    file_hard: int = 500
    folder: int = 15  # files, __init__.py not counted
    function: int = 40  # lines of a body, without its docstring and the functions inside it
    line: int = 100


LIMITS = Limits()
SIZED = (PACKAGE, "kernels", "tools", "benchmarks", "tests")


def python_files(root: Path, *folders: str) -> list[Path]:
    """All Python files below some folders, sorted."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def room_of(path: Path, root: Path) -> str:
    """The room that a file of the package lies in."""
    parts = path.relative_to(root).parts
    if parts[0] == "kernels":
        return "kernels"
    return parts[1] if len(parts) > 2 else FRONT.get(parts[1], parts[1])


# Imports.


def imports_of(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, full module name) of every import in a file, also of those inside functions."""
    package = list(path.relative_to(root).parts[:-1])
    if package[0] == "kernels":
        package.insert(0, PACKAGE)
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def broken_imports(root: Path) -> list[str]:
    """Imports that the table does not allow."""
    complaints = []
    for path in python_files(root, PACKAGE, "kernels"):
        room = room_of(path, root)
        if room not in ROOMS:
            complaints.append(f"{_at(path, root)}: room {room!r} is not in the table of rooms")
            continue
        for line, name in imports_of(path, root):
            reason = _forbidden(room, name, root)
            if reason:
                complaints.append(f"{_at(path, root)}:{line}: {room} imports {name}; {reason}")
    return complaints


def _forbidden(room: str, name: str, root: Path) -> str | None:
    """Why a room may not import a module; None where it may."""
    top, _, rest = name.partition(".")
    row = ROOMS[room]
    if top == PACKAGE:
        target = rest.partition(".")[0]
        if not (root / PACKAGE / target).is_dir() and target != "kernels":
            target = FRONT.get(f"{target}.py", "front")
        if target == room or target in row.uses:
            if room == "autograd" and target == "ops":
                return _particular(rest)
            return None
        return f"it may import {', '.join(row.uses) or 'no other room'}"
    if top in sys.stdlib_module_names or top in row.outside:
        return None
    return f"outside the standard library it may import {', '.join(row.outside) or 'nothing'}"


def _particular(name: str) -> str | None:
    family = name.split(".")[1] if "." in name else ""
    if family in OPERATOR_FAMILIES:
        return None
    return "autograd knows no particular op except for operators"


def broken_floors() -> list[str]:
    """Rows of the table that would let a room import upward."""
    return [
        f"{name} (floor {room.floor}) may not use {used} (floor {ROOMS[used].floor})"
        for name, room in ROOMS.items()
        for used in room.uses
        if ROOMS[used].floor > room.floor
    ]


def stray_prints(root: Path) -> list[str]:
    """Printing and argument parsing outside the command line."""
    complaints = []
    for path in python_files(root, PACKAGE, "kernels"):
        where = _at(path, root)
        if room_of(path, root) in PRINTING_ROOMS or where in PRINTING_FILES:
            continue
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
                complaints.append(f"{where}:{node.lineno}: prints; only the command line does")
        for line, name in imports_of(path, root):
            if name.partition(".")[0] in ("argparse", "getopt", "optparse"):
                complaints.append(f"{where}:{line}: parses arguments; only the command line does")
    return complaints


# Sizes.


class Function(NamedTuple):
    """A function and the number of lines in its body."""

    where: str
    name: str
    lines: int


def functions_of(path: Path, root: Path) -> Iterator[Function]:
    """All functions of a file, also those inside others."""
    for node in ast.walk(parse(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield Function(f"{_at(path, root)}:{node.lineno}", node.name, own_lines(node))


def own_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a body that hold code of this function: no docstring, no function inside it."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    lines: set[int] = set()
    inner: set[int] = set()
    for statement in body:
        for part in ast.walk(statement):
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
            elif isinstance(part, (ast.stmt, ast.expr, ast.keyword)):
                lines.update((part.lineno, part.end_lineno or part.lineno))
    return len(lines - inner)


def too_large(root: Path) -> list[str]:
    """Files, folders, functions and lines beyond the hard limits."""
    complaints = []
    for path in python_files(root, *SIZED):
        where = _at(path, root)
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > LIMITS.file_hard:
            complaints.append(f"{where}: {len(lines)} lines (at most {LIMITS.file_hard})")
        for number, line in enumerate(lines, 1):
            columns = len(re.sub(r"  # (noqa|type: ignore).*", "", line))
            if columns > LIMITS.line:
                complaints.append(f"{where}:{number}: {columns} columns (at most {LIMITS.line})")
        for function in functions_of(path, root):
            if function.lines > LIMITS.function:
                complaints.append(
                    f"{function.where}: {function.name} has {function.lines} lines "
                    f"(at most {LIMITS.function})"
                )
    for folder, files in files_by_folder(root).items():
        if files > LIMITS.folder:
            complaints.append(f"{folder}/: {files} files (at most {LIMITS.folder})")
    return complaints


def files_by_folder(root: Path) -> dict[str, int]:
    """Folder → how many source files it holds, __init__.py not counted."""
    counts: dict[str, int] = {}
    for top in SIZED:
        for path in (root / top).rglob("*"):
            if path.suffix in (".py", ".cu", ".cuh") and path.name != "__init__.py":
                folder = _at(path.parent, root)
                counts[folder] = counts.get(folder, 0) + 1
    return counts


# Packaging and tests.


def missing_packages(root: Path) -> list[str]:
    """Package folders that setup.cfg does not list, and entries without a folder."""
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    found = set()
    for top, prefix in ((PACKAGE, ""), ("kernels", f"{PACKAGE}.")):
        for path in (root / top).rglob("*.py"):
            found.add(prefix + ".".join(path.parent.relative_to(root).parts))
    return [f"setup.cfg: packages lacks {name}" for name in sorted(found - listed)] + [
        f"setup.cfg: packages lists {name}, which has no folder" for name in sorted(listed - found)
    ]


def misplaced_tests(root: Path) -> list[str]:
    """Tests whose folder mirrors no folder of the code, and tests of names that do not exist.

    tests/ops/conv/test_conv.py tests minitorch_cv/ops/conv/conv.py; tests/parity mirrors the
    package once more; tests of tools, benchmarks, kernels and notebooks lie under those names.
    """
    complaints = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        parts = list(path.relative_to(root / "tests").parts[:-1])
        if parts[:1] == ["parity"]:
            del parts[0]
        mirrored = any((base.joinpath(*parts)).is_dir() for base in (root / PACKAGE, root))
        if not mirrored and parts[:1] != ["onnx"]:  # cases of others, which mirror nothing of ours
            complaints.append(f"{_at(path, root)}: mirrors no folder of the package")
        if not re.fullmatch(r"test_[a-z0-9_]+\.py", path.name):
            complaints.append(f"{_at(path, root)}: a test file is named test_<what>.py")
    return complaints


def _at(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
