"""`minitorch-cv weights`: what a file of weights holds, and how its names become a model's."""

from __future__ import annotations

from typing import Any

from ..tasks.errors import TaskError


def weights(arguments: Any) -> int:
    """Prints names, shapes and dtypes, and with --explain or --model the key map."""
    from .. import interop, models

    try:
        print(interop.describe(arguments.file, entry=arguments.entry))
        if arguments.model:
            model = models.get_model(arguments.model)
            print(interop.explain(arguments.file, model, entry=arguments.entry))
        elif arguments.explain:
            print(interop.explain(arguments.file, entry=arguments.entry))
    except ValueError as error:
        raise TaskError(str(error)) from error
    return 0
