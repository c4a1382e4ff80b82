"""`minitorch-cv summary`: what each layer of a network gives out, costs and sees of the image."""

from __future__ import annotations

import contextlib
from typing import Any

from ..tasks.errors import TaskError


def summary(arguments: Any) -> int:
    """Prints the table; with --arithmetic how its numbers come about."""
    from .. import models
    from ..models.cost import undrawn
    from ..nn.summary import measure

    try:
        sizes = arguments.input or models.published(arguments.model).input_size
        options = _options(arguments)
        weights = None if arguments.weights == "none" else arguments.weights
        with undrawn() if weights is None else contextlib.nullcontext():
            model = models.get_model(arguments.model, weights=weights, **options)
        told = measure(model, (arguments.batch, *sizes))
    except (ValueError, TypeError, IndexError, RuntimeError, MemoryError) as error:
        reason = str(error).removeprefix("published: ").removeprefix("summary: ")
        raise TaskError(f"summary: {reason}") from error
    if arguments.depth is not None:
        told = told.folded(arguments.depth)
    print(told.text(arithmetic=arguments.arithmetic))
    return 0


def _options(arguments: Any) -> dict[str, Any]:
    """What the model is built with."""
    from ..models.registry import options_of

    if arguments.classes is None:
        return {}
    known = options_of(arguments.model)
    if "num_classes" not in known:
        raise TaskError(f"summary: {arguments.model} has a fixed number of classes")
    return {"num_classes": arguments.classes}
