"""The modules `torch.…` and `torchvision.…`: made on import, their names fetched on first use."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .missing import MissingAttribute, MissingModule, complaint
from .tables import ROOTS, TABLES, Answers


class AnswerModule(ModuleType):
    """A module whose names are looked up in its table when they are first used."""

    def __getattr__(self, name: str) -> Any:
        full_name = f"{self.__name__}.{name}"
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if full_name in TABLES:
            return importlib.import_module(full_name)
        try:
            value = answer(self.__name__, name)
        except KeyError:
            raise MissingAttribute(complaint(full_name, known_names()), name=name) from None
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *names_of(self.__name__), *_children(self.__name__)})

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} answered by minitorch_cv>"


def answer(module: str, name: str) -> Any:
    """The thing that a name of a module stands for. Raises KeyError where there is none."""
    table = TABLES[module]
    if name in table.names:
        home, _, attribute = table.names[name].partition(":")
        value = importlib.import_module(home)
        return getattr(value, attribute) if attribute else value
    for home in table.homes:
        if name in public_names(home) and name not in table.without:
            return getattr(importlib.import_module(home), name)
    if table.fallback:
        home, _, attribute = table.fallback.partition(":")
        found = getattr(importlib.import_module(home), attribute)(name)
        if found is not None:
            return found
    raise KeyError(name)


def public_names(home: str) -> set[str]:
    """The names that a module of ours offers."""
    module = importlib.import_module(home)
    offered = getattr(module, "__all__", None)
    if home == "minitorch_cv":  # it lists all that it fetches lazily, Tensor's methods included
        offered = dir(module)
    elif offered is None:
        offered = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == home]
    return {name for name in offered if not name.startswith("_")}


def names_of(module: str) -> set[str]:
    """All names that a module answers."""
    table: Answers = TABLES[module]
    names = set(table.names)
    for home in table.homes:
        names |= public_names(home) - set(table.without)
    return names


def known_names() -> list[str]:
    """The full names of everything that is answered."""
    return [f"{module}.{name}" for module in TABLES for name in names_of(module)] + list(TABLES)


def _children(module: str) -> set[str]:
    start = f"{module}."
    return {name[len(start) :].partition(".")[0] for name in TABLES if name.startswith(start)}


class Finder(MetaPathFinder, Loader):
    """Answers for every module below `torch` and `torchvision`, installed or not."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root = fullname.partition(".")[0]
        if root not in ROOTS:
            return None
        if fullname not in TABLES:
            # Not under its own name: `from torch import fft` would hide our words behind its own.
            raise MissingModule(complaint(fullname, known_names()), name=root)
        return ModuleSpec(fullname, self, origin="minitorch_cv", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return AnswerModule(spec.name, f"{spec.name}, answered by minitorch_cv.")

    def exec_module(self, module: ModuleType) -> None:
        for name, value in TABLES[module.__name__].values.items():
            setattr(module, name, value)
