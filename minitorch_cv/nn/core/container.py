"""Modules that hold other modules: `Sequential`, `ModuleList`, `ModuleDict`."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from .module import Module, indented

S = TypeVar("S", bound="_Indexed")


class _Indexed(Module):
    """What `Sequential` and `ModuleList` share: modules by number, under the names "0", "1", …"""

    def _key(self, index: Any) -> str:
        """The name of the module at an index. Raises IndexError outside the list."""
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise self._out_of_range(number)
        return list(self._modules)[number]

    def _out_of_range(self, index: int) -> IndexError:
        name = type(self).__name__
        return IndexError(f"{name}: index {index} is out of range (it has {len(self)} modules)")

    def _renumber(self, modules: Iterable[Any]) -> None:
        fresh = {str(number): module for number, module in enumerate(modules)}
        self._modules.clear()
        self._modules.update(fresh)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)._of(list(self._modules.items())[index])  # type: ignore[attr-defined]
        return self._modules[self._key(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: Any) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._key(index)]
        for name in names:
            del self._modules[name]
        self._renumber(list(self._modules.values()))

    def append(self: S, module: Module) -> S:
        """Adds a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Adds several modules at the end. Raises TypeError for anything but an iterable."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend: expects several modules "
                f"(got {type(modules).__name__})"
            )
        for module in list(modules):
            self.append(module)
        return self

    def insert(self: S, index: int, module: Module) -> S:
        """Puts a module before the one at an index; those after it are numbered anew.

        Raises TypeError unless it is a Module, IndexError for an index outside the list.
        """
        if not isinstance(module, Module):
            raise TypeError(
                f"{type(self).__name__}.insert: expects a Module (got {type(module).__name__})"
            )
        if not -len(self) <= index <= len(self):
            raise self._out_of_range(index)
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, key: Any) -> Any:
        """Takes a module (or a slice) out and returns it."""
        module = self[key]
        del self[key]
        return module

    def __iadd__(self: S, modules: Iterable[Module]) -> S:
        return self.extend(modules)

    def __add__(self, modules: Iterable[Module]) -> Any:
        if not isinstance(modules, Iterable):
            return NotImplemented
        return type(self)._of([]).extend(self).extend(modules)  # type: ignore[attr-defined]


class Sequential(_Indexed):
    """Calls its modules one after the other; without any it is the identity.

    `Sequential(a, b, c)`, or `Sequential(OrderedDict(name=module, …))` to name them.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for number, module in enumerate(args):
                self.add_module(str(number), module)

    @classmethod
    def _of(cls, items: list[tuple[str, Module]]) -> Any:
        return cls(OrderedDict(items))

    def forward(self, input: Any) -> Any:  # noqa: A002
        """The output of the last module."""
        for module in self._modules.values():
            input = module(input)  # noqa: A001
        return input


class ModuleList(_Indexed):
    """A list of modules that are registered; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    @classmethod
    def _of(cls, items: list[tuple[str, Module]]) -> Any:
        return cls(module for _, module in items)

    def __repr__(self) -> str:
        """Equal neighbours are shown once: `(0-2): 3 x Linear(...)`."""
        groups: list[tuple[int, int, str]] = []
        for number, module in enumerate(self):
            text = indented(module)
            if groups and groups[-1][2] == text:
                groups[-1] = (groups[-1][0], number, text)
            else:
                groups.append((number, number, text))
        if not groups:
            return f"{self._get_name()}()"
        lines = [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in groups
        ]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dict of modules that are registered, in the order in which they were set."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def items(self) -> Any:
        """(name, module) pairs."""
        return self._modules.items()

    def clear(self) -> None:
        """Takes all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Takes a module out and returns it."""
        return self._modules.pop(key)

    def update(self, modules: Any) -> None:
        """Sets modules from a dict or from (name, module) pairs.

        Raises TypeError for anything else, ValueError for a pair that is none.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleDict.update: expects a dict or pairs (got {type(modules).__name__})"
            )
        pairs = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules
        for number, pair in enumerate(pairs):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"ModuleDict.update: item {number} is a pair (got {type(pair).__name__})"
                )
            values = tuple(pair)
            if len(values) != 2:
                raise ValueError(
                    f"ModuleDict.update: item {number} is a pair (got {len(values)} values)"
                )
            self[values[0]] = values[1]
