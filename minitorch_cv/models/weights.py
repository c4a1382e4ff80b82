"""`weights=PATH`: a model that starts from the numbers in a file."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from .. import interop, nn

M = TypeVar("M", bound=nn.Module)


def read(weights: Any, model: nn.Module | None = None) -> dict[str, Any]:
    """The state dict in any file that `interop.load_state_dict` reads: safetensors, `.pth`, …

    model: names of other publishers are changed to its own where a key map knows them.
    Raises TypeError for anything but a path, WeightsError (a ValueError) for a file that is none of
    these, FileNotFoundError where there is none.
    """
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(
            f"weights: expects the path of a state dict (got {type(weights).__name__}); nothing is "
            "downloaded here"
        )
    if not os.path.isfile(weights):
        raise FileNotFoundError(
            f"weights: there is no file {os.fspath(weights)!r}; nothing is downloaded here"
        )
    return interop.load_state_dict(weights, model)


def started(model: M, weights: Any) -> M:
    """The model with the weights of a file in it, or as it is where weights is None.

    Raises what `read` raises, and StateDictError for a state dict of another model.
    """
    if weights is not None:
        model.load_state_dict(read(weights, model))
    return model
