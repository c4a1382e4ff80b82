"""Plants bugs in every op and demands that the op checks go red.

    python tools/mutants.py [op ...] [--named] [--list] [--jobs 2] [--sample N] [--seed 0]

Two kinds of bugs: *named* ones that a teacher would give (mutants_named.py), and *systematic* ones,
every small change of the source of an op's forward and backward and of the helpers that they call
(mutate.py). Each runs in a process of its own: the package is imported there with the changed file,
and the checks of minitorch_cv.testing run until the first that fails. A crash or an endless loop is
caught, too. Changes that mean the same as the original are listed with a reason in
mutants_known.py; they count as survivors in the percentage all the same.

Exit code 1 when fewer than 95 % are caught, or when one survives that has no reason.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes share the machine

import argparse
import ast
import random
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import mutants_known
import mutants_named
from mutants_run import OPS, Mutant, red_already, run
from mutate import changes

from minitorch_cv.ops import catalog
from minitorch_cv.ops.op import Op

PASS_MARK = 95.0
USERS = 6  # on how many ops a shared helper's mutants are tried


# Which source belongs to an op?


def functions_of(op: Op) -> set[tuple[str, int, str]]:
    """(file, line, name) of the functions below ops/ that an op's forward and backward reach."""
    found: set[tuple[str, int, str]] = set()
    queue: list[Any] = [op.forward, op.backward]
    while queue:
        function = queue.pop()
        code = function.__code__
        key = (code.co_filename, code.co_firstlineno, code.co_name)
        if key in found or not _is_ours(Path(code.co_filename)):
            continue
        found.add(key)
        queue += _called_by(function)
    return found


def _is_ours(file: Path) -> bool:
    return OPS in file.parents and file.name not in ("op.py", "catalog.py")


def _called_by(function: FunctionType) -> list[FunctionType]:
    names, stack = set(), [function.__code__]
    while stack:
        code = stack.pop()
        names |= set(code.co_names)
        stack += [const for const in code.co_consts if hasattr(const, "co_names")]
    values = [function.__globals__.get(name) for name in names]
    for module in [value for value in values if isinstance(value, ModuleType)]:
        if getattr(module, "__file__", None) and _is_ours(Path(str(module.__file__))):
            values += [getattr(module, name, None) for name in names]
    classes = [v for v in function.__globals__.values() if _is_our_class(v)]
    values += [vars(kind).get(name) for kind in classes for name in names]  # methods
    values += [cell.cell_contents for cell in function.__closure__ or ()]
    return [value for value in values if isinstance(value, FunctionType)]


def _is_our_class(value: Any) -> bool:
    return isinstance(value, type) and value.__module__.startswith("minitorch_cv.ops.")


def syntax_of(tree: ast.Module, op: Op, wanted: set[tuple[int, str]]) -> list[ast.AST]:
    """The functions at those lines of a file, and the lambdas of an op's row in a table."""
    nodes: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.lineno, node.name) in wanted:
            nodes.append(node)
        elif isinstance(node, ast.Call) and _is_row(node, op.name):
            row = node.args[1:-1]  # forward and derivatives; the last is the reference
            nodes += [part for part in row if isinstance(part, ast.Lambda)]
    return nodes


def _is_row(node: ast.Call, name: str) -> bool:
    """Is this `unary(name, …)` or `binary(name, …)` in a table of rows?"""
    if getattr(node.func, "id", "") not in ("unary", "binary"):
        return False
    return isinstance(node.args[0], ast.Constant) and node.args[0].value == name


def systematic(names: list[str]) -> list[Mutant]:
    """All systematic mutants of some ops, each function once; helpers are tried on all users."""
    reach = {name: functions_of(catalog.op_named(name)) for name in catalog.op_names()}
    users: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for name, functions in reach.items():
        for function in functions:
            users[function].append(name)
    trees: dict[str, ast.Module] = {}
    seen: set[tuple[str, int, int, str]] = set()
    mutants: list[Mutant] = []
    for name in names:
        functions = reach[name]
        files = {file for file, _, _ in functions} | {str(_file_of(name))}
        for file in sorted(files):
            tree = trees.setdefault(file, ast.parse(Path(file).read_text(encoding="utf-8"), file))
            wanted = {(line, function) for path, line, function in functions if path == file}
            for node in syntax_of(tree, catalog.op_named(name), wanted):
                title = getattr(node, "name", name)
                spot = (file, node.lineno, node.col_offset, title)  # type: ignore[attr-defined]
                if spot not in seen:
                    seen.add(spot)
                    callers = users.get((file, node.lineno, title), [name])  # type: ignore[attr-defined]
                    mutants += _of_function(file, tree, node, title, name, callers)
    return mutants


def _file_of(name: str) -> Path:
    return OPS / (catalog.module_of(name).replace(".", "/") + ".py")


def _of_function(
    file: str, tree: ast.Module, node: ast.AST, title: str, name: str, callers: list[str]
) -> list[Mutant]:
    own = file == str(_file_of(name))
    path = Path(file).relative_to(OPS)
    module = ".".join(("minitorch_cv.ops", *path.with_suffix("").parts))
    group = name if own else f"({path.stem}.{title})"
    users = tuple(_mixed(callers)[:USERS])
    function = title if node in tree.body else ""
    return [
        Mutant(group, f"{path}:{change.line}", change.text, users, module, function, tree, change)
        for change in changes(node)
    ]


def _mixed(names: list[str]) -> list[str]:
    """Ops in an order that takes one from each module first."""
    rounds: dict[str, int] = defaultdict(int)
    ranked = []
    for name in names:
        module = catalog.module_of(name)
        ranked.append((rounds[module], name))
        rounds[module] += 1
    return [name for _, name in sorted(ranked)]


def named(names: list[str]) -> list[Mutant]:
    """The bugs that a teacher would give."""
    return [
        Mutant(name, "named", bug, (name,), "", "", None, None)
        for name in names
        for bug in mutants_named.bugs_of(catalog.op_named(name))
    ]


# Telling.


def reason_of(mutant: Mutant) -> str | None:
    """Why a mutant is known to survive, None for most."""
    return mutants_known.reason(mutant.where.partition(":")[0], mutant.text)


def report(mutants: list[Mutant], fates: list[str]) -> int:
    """Prints the table and the survivors; returns the exit code."""
    groups: dict[str, list[int]] = {}
    for mutant, red in zip(mutants, fates, strict=True):
        counts = groups.setdefault(mutant.group, [0, 0, 0])
        counts[0] += 1
        counts[1] += bool(red)
        counts[2] += not red and reason_of(mutant) is not None
    print(f"{'op':<34}{'planted':>8}{'caught':>8}{'excused':>9}{'survive':>9}")
    for group, (count, caught, excused) in groups.items():
        print(f"{group:<34}{count:>8}{caught:>8}{excused:>9}{count - caught - excused:>9}")
    alive = [mutant for mutant, red in zip(mutants, fates, strict=True) if not red]
    open_cases = [mutant for mutant in alive if reason_of(mutant) is None]
    for title, some in (("with a reason", [m for m in alive if reason_of(m)]), ("", open_cases)):
        print(f"\nsurvivors {title or 'without one'}: {len(some)}")
        for mutant in some:
            print(
                f"  {mutant.where}  {mutant.text}"
                + (f"\n      {reason_of(mutant)}" if title else "")
            )
    share = 100 * (len(mutants) - len(alive)) / max(len(mutants), 1)
    print(f"\n{len(mutants)} planted, {len(mutants) - len(alive)} caught: {share:.1f} %")
    return int(share < PASS_MARK or bool(open_cases))


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Plant bugs in ops; the op checks must go red.")
    parser.add_argument("ops", nargs="*", help="the ops to try (default: all)")
    parser.add_argument("--named", action="store_true", help="only the bugs that have a name")
    parser.add_argument("--list", action="store_true", help="list the bugs without running them")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--sample", type=int, help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    given = parser.parse_args(argv)
    names = given.ops or catalog.op_names()
    mutants = named(names) + ([] if given.named else systematic(names))
    if given.sample is not None:
        chosen = sorted(random.Random(given.seed).sample(range(len(mutants)), given.sample))
        mutants = [mutants[k] for k in chosen]
    if given.list:
        for mutant in mutants:
            print(f"{mutant.group:<24} {mutant.where}  {mutant.text}")
        print(f"{len(mutants)} bugs")
        return 0
    start = time.monotonic()

    def tell(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done}/{len(mutants)}", end="", file=sys.stderr)

    red = red_already(sorted({name for mutant in mutants for name in mutant.users}))
    for name, checks in red.items():
        print(f"{name}: red without any bug: {', '.join(checks)}")
    fates = run(mutants, red, given.jobs, tell)
    code = report(mutants, fates) or int(bool(red))
    print(f"{time.monotonic() - start:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
