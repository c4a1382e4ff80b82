"""From a checkpoint, or a name and its arguments, to a network that can be used."""

from __future__ import annotations

from typing import Any

from .. import models
from ..autograd import from_numpy
from .checkpoint import Checkpoint
from .errors import CheckpointError, TaskError
from .splits import Preprocessing


def build(name: str, arguments: dict[str, Any]) -> Any:
    """A new network by its name. Raises TaskError, with the nearest names, for an unknown one."""
    try:
        return models.get_model(name, **arguments)
    except (ValueError, KeyError) as error:
        raise TaskError(str(error.args[0] if error.args else error)) from error


def described(checkpoint: Checkpoint) -> tuple[Any, Preprocessing, tuple[str, ...]]:
    """(network with the weights in it, preprocessing, class names) of a checkpoint.

    Raises CheckpointError where a part is missing or does not fit.
    """
    training = checkpoint.training
    try:
        name, arguments = training["model"]["name"], training["model"]["arguments"]
        preprocessing = Preprocessing.from_json(training["preprocessing"])
        classes = tuple(training["classes"])
        model = build(name, arguments)
    except (KeyError, TypeError, TaskError) as error:
        raise CheckpointError(f"checkpoint: it names no network known ({error})") from error
    load_weights(model, checkpoint)
    return model.eval(), preprocessing, classes


def load_weights(model: Any, checkpoint: Checkpoint) -> None:
    """Puts a checkpoint's weights into a network. Raises CheckpointError where they do not fit."""
    weights = {name: from_numpy(array) for name, array in checkpoint.part("model").items()}
    try:
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint: its weights do not fit ({error})") from error
