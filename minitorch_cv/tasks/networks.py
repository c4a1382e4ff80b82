"""From a checkpoint, or a name and its arguments, to a network that can be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import models
from ..autograd import from_numpy, inference_mode
from ..models.registry import options_of
from .checkpoint import Checkpoint
from .errors import CheckpointError, TaskError
from .preprocessing import Preprocessing


def build(name: str, arguments: dict[str, Any]) -> Any:
    """A new network by its name. Raises TaskError, with the nearest names, for an unknown one."""
    try:
        return models.get_model(name, **arguments)
    except (ValueError, TypeError, KeyError) as error:
        raise TaskError(str(error.args[0] if error.args else error)) from error


def arguments_for(name: str, num_classes: int, image: tuple[int, int, int]) -> dict[str, Any]:
    """The options with which a network takes images (C, H, W) and tells num_classes apart.

    Raises TaskError for an unknown name.
    """
    C, H, W = image
    wanted: dict[str, Any] = {"num_classes": num_classes, "in_features": C * H * W}
    if C != 1:
        wanted["in_channels"] = C
    if H != 32:
        wanted["image_size"] = H
    try:
        known = options_of(name)
    except KeyError:
        known = [*wanted]
    return {option: value for option, value in wanted.items() if option in known}


def require_fit(model: Any, name: str, num_classes: int, image: tuple[int, int, int]) -> None:
    """Raises TaskError unless the network gives num_classes scores for an image (C, H, W)."""
    count = scores_of(model, name, image)
    if count != num_classes:
        raise TaskError(
            f"{name}: it tells {count} classes apart, the data set has {num_classes}; take another "
            "network, or other data"
        )


def scores_of(model: Any, name: str, image: tuple[int, int, int]) -> int:
    """How many scores the network gives for an image (C, H, W).

    Raises TaskError for an image that it cannot take, and for a network that does not classify.
    """
    was_training = model.training
    size = " × ".join(map(str, image))
    try:
        with inference_mode():
            scores = model.eval()(from_numpy(np.zeros((1, *image), np.float32)))
    except (ValueError, RuntimeError) as error:
        made_for = " × ".join(map(str, models.published(name).input_size))
        raise TaskError(
            f"{name}: it cannot take images of {size} ({error}); it was made for {made_for}: "
            "resize them (train: --image-size, eval and predict: --size)"
        ) from error
    finally:
        model.train(was_training)
    if scores.ndim != 2:
        raise TaskError(
            f"{name}: it gives {tuple(scores.shape[1:])} numbers for an image of {size}, not one "
            "score for each class; take a network that classifies (minitorch-cv models)"
        )
    return int(scores.shape[1])


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
