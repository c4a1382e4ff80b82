"""The stages of a network from the input to the scores: the units of freezing and of rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ... import nn


class Stage(NamedTuple):
    """Neighbouring layers that are treated alike. name: of the first; parameters: of all."""

    name: str
    parameters: list[Any]


def stages(model: nn.Module) -> list[Stage]:
    """The stages in the order in which they were registered, which is that of the data.

    A stage is a child that has parameters. A Sequential or ModuleList is opened, and its children
    are stages, unless all of these are blocks of one kind, as in a ResNet's `layer1`. A norm joins
    the stage before it. Parameters that the model holds itself belong to the first.
    """
    found: list[Stage] = []
    for name, module in _units(model, ""):
        parameters = list(module.parameters())
        if found and not list(module.children()) and "Norm" in type(module).__name__:
            found[-1].parameters.extend(parameters)
        else:
            found.append(Stage(name, parameters))
    own = list(model.parameters(recurse=False))
    if own and found:
        found[0].parameters[:0] = own
    return found or ([Stage("", own)] if own else [])


def _units(model: nn.Module, above: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in model.named_children():
        if not any(True for _ in child.parameters()):
            continue
        if isinstance(child, (nn.Sequential, nn.ModuleList)) and not _alike(child):
            yield from _units(child, f"{above}{name}.")
        else:
            yield f"{above}{name}", child


def _alike(container: nn.Module) -> bool:
    """Whether all children with parameters are blocks (not plain layers) of one class."""
    parts = [c for c in container.children() if any(True for _ in c.parameters())]
    blocks = all(any(True for _ in part.children()) for part in parts)
    return blocks and len({type(part) for part in parts}) == 1
