"""Freezing: parameters that keep their values, in layers that stay in evaluation mode.

A frozen batch norm must not move its running statistics either: `model.train()` before an epoch
would put it back into training mode, so each frozen layer turns itself to evaluation mode whenever
it is called, by a hook that `unfreeze` takes off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import nn
from .heads import find_head


def freeze(model: nn.Module, until: str | None = None) -> nn.Module:
    """Freezes all layers that are registered before the one named `until`; answers the model.

    until: a dotted name, such as "layer3" or "features.10"; None: the head (see `find_head`). That
    layer and what follows it are left as they are. Frozen: requires_grad is False, and the layer
    is in evaluation mode (batch norm with the statistics it has, no dropout) in any mode of the
    model. Raises ValueError for a name that is no layer.
    """
    name = find_head(model) if until is None else _known("freeze", model, until)
    for module in _before(model, name):
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
        module.training = False
        if not any(hook.call is _stay for hook in module._forward_pre_hooks.values()):
            module.register_forward_pre_hook(_stay)
    return model


def unfreeze(model: nn.Module, since: str | None = None) -> nn.Module:
    """Makes the layer named `since` and all that follow trainable again; None: all layers."""
    kept: set[int] = set()
    if since is not None:
        kept = {id(m) for m in _before(model, _known("unfreeze", model, since))}
    for module in model.modules():
        if id(module) in kept:
            continue
        for key, hook in list(module._forward_pre_hooks.items()):
            if hook.call is _stay:
                del module._forward_pre_hooks[key]
                module.training = model.training
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(True)
    return model


def _stay(module: nn.Module, args: Any) -> None:  # noqa: ARG001 (a hook gets the arguments)
    module.training = False


def _before(model: nn.Module, name: str) -> Iterator[nn.Module]:
    """The modules registered before the one of that name, without those that hold it."""
    for other, module in model.named_modules():
        if other == name:
            return
        if other and not name.startswith(f"{other}."):
            yield module


def _known(caller: str, model: nn.Module, name: str) -> str:
    if name and name in dict(model.named_modules()):
        return name
    children = ", ".join(child for child, _ in model.named_children())
    raise ValueError(
        f"{caller}: {type(model).__name__} has no layer {name!r}; its layers are {children} and "
        "what is in them, by dotted names"
    )
