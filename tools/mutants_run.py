"""Runs mutants: each in its own process, through the op checks up to the first that goes red."""

from __future__ import annotations

import ast
import importlib
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Collection
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

import mutants_named
import numpy as np
from mutate import Change, planted

from minitorch_cv.ops import catalog

OPS = Path(catalog.__file__).parent
SECONDS = 60  # a mutant that runs longer is an endless loop
MEMORY = 8 << 30  # bytes; one that asks for more is caught
OTHER_CODE = ("fast kernel equals reference", "CUDA equals CPU")  # checks of other code than this
# Sizes that split work into parts, made small: then samples take the way that large inputs take.
SMALL_PARTS = {"minitorch_cv.ops.conv.columns": {"_CHUNK": 100}}


class Mutant(NamedTuple):
    """One planted bug: where it counts, what it is, and which ops' checks should see it."""

    group: str
    where: str
    text: str
    users: tuple[str, ...]
    module: str  # dotted name of the changed module; "" for a named bug
    function: str  # its changed function; "" for a lambda, a method or a function inside another
    tree: ast.Module | None
    change: Change | None


def fate(mutant: Mutant, red: dict[str, list[str]]) -> str:
    """The name of the first check that goes red; "" when all stay green. Runs in a child."""
    _limit_memory()
    try:
        if mutant.change is None:
            op = mutants_named.plant(catalog.op_named(mutant.users[0]), mutant.text)
            return first_red(op, red.get(op.name, ()))
        _put_in_place(mutant)
        fresh = importlib.import_module("minitorch_cv.ops.catalog")
        _split_work()
        for name in mutant.users:
            answer = first_red(fresh.op_named(name), red.get(name, ()))
            if answer:
                return answer
    except Exception as error:  # the bug broke an import, or a check itself
        return f"{type(error).__name__}"
    return ""


def first_red(op: Any, skip: Collection[str] = ()) -> str:
    """Runs an op's checks one by one, up to the first that fails."""
    from minitorch_cv.backend import use_kernels
    from minitorch_cv.testing import op_checks

    with use_kernels("reference"), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in op_checks.CHECKS:
            if check.name in skip or check.name in OTHER_CODE:
                continue
            if not op_checks.run_check(check, op).ok:
                return check.name
    return ""


def red_already(names: list[str]) -> dict[str, list[str]]:
    """Op → the checks that fail without any bug: they cannot tell us anything."""
    found: dict[str, list[str]] = {}
    for name in names:
        skip: list[str] = []
        while red := first_red(catalog.op_named(name), skip):
            skip.append(red)
        if skip:
            found[name] = skip
    return found


def _put_in_place(mutant: Mutant) -> None:
    """Makes the change in this process: in the living function, or else by importing anew."""
    assert mutant.change is not None and mutant.tree is not None
    file = str(OPS / mutant.where.partition(":")[0])
    with planted(mutant.change):
        code = compile(mutant.tree, file, "exec")
    if mutant.function:  # of a module, without free variables: all who know it share its code
        inner = [part for part in code.co_consts if getattr(part, "co_name", "") == mutant.function]
        vars(sys.modules[mutant.module])[mutant.function].__code__ = inner[-1]
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "minitorch_cv"]:
        del sys.modules[name]
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        return code if fullname == mutant.module else original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


def _split_work() -> None:
    for module, sizes in SMALL_PARTS.items():
        for name, size in sizes.items():
            setattr(importlib.import_module(module), name, size)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _child(mutant: Mutant, red: dict[str, list[str]], pipe: Any) -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (for the life of the process)
    pipe.send(fate(mutant, red))


def run(
    mutants: list[Mutant], red: dict[str, list[str]], jobs: int, tell: Callable[[int], None]
) -> list[str]:
    """The fate of each mutant, a process each, `jobs` at a time."""
    context = multiprocessing.get_context("fork")
    fates = [""] * len(mutants)
    running: dict[int, tuple[Any, Any, float]] = {}
    todo = iter(range(len(mutants)))
    done = 0
    while done < len(mutants):
        while len(running) < jobs and (number := next(todo, None)) is not None:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(
                target=_child, args=(mutants[number], red, sender), daemon=True
            )
            process.start()
            sender.close()
            running[number] = (process, receiver, time.monotonic() + SECONDS)
        wait([receiver for _, receiver, _ in running.values()], timeout=1.0)
        for number, (process, receiver, deadline) in list(running.items()):
            answer = _answer(process, receiver, deadline)
            if answer is not None:
                fates[number] = answer
                del running[number]
                done += 1
                tell(done)
    return fates


def _answer(process: Any, receiver: Any, deadline: float) -> str | None:
    """The fate, once it is known; a child that died or runs on for ever has caught its bug."""
    if receiver.poll():
        try:
            answer = receiver.recv()
        except EOFError:
            answer = "crash"
    elif time.monotonic() > deadline:
        answer = "timeout"
        process.kill()
    else:
        return None
    process.join()
    receiver.close()
    return answer
