"""Models by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from .. import nn
from .lenet import LeNet5

_MODELS: dict[str, Callable[..., nn.Module]] = {"lenet": LeNet5}


def list_models() -> list[str]:
    """The names of all models, sorted."""
    return sorted(_MODELS)


def get_model(name: str, **options: Any) -> nn.Module:
    """A new model by its name; the options are those of its class.

    Raises ValueError for a name that is no model, TypeError for an option it does not have.
    """
    if name not in _MODELS:
        near = difflib.get_close_matches(str(name), list_models(), 3, 0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(_MODELS)}"
        raise ValueError(f"get_model: no model is called {name!r}; {hint}")
    build = _MODELS[name]
    known = inspect.signature(build).parameters
    unknown = [option for option in options if option not in known]
    if unknown:
        raise TypeError(
            f"get_model: {name} has no option {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return build(**options)
