"""What adaptation starts from: a network with trained weights, its input, images that fit it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data.images import unit_range
from ..checkpoint import load
from ..errors import CheckpointError, TaskError
from ..networks import described
from ..preprocessing import Preprocessing
from ..published import input_of, published_network

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as for JPEG


def pretrained(name: str, weights: str, kind: str = "imagenet") -> tuple[Any, Preprocessing]:
    """(network with the weights of a file, how images become its input).

    weights: a checkpoint of `minitorch-cv train`, which knows its input; or any other file of
    weights, for which `kind` says what the input is (see tasks/published.py).
    Raises TaskError for a file that is neither, or belongs to another network.
    """
    try:
        checkpoint = load(weights)
    except CheckpointError:
        return published_network(name, weights), input_of(name, kind)
    own = checkpoint.training.get("model", {}).get("name")
    if own != name:
        raise TaskError(f"adapt: {weights} is a checkpoint of {own} (got {name}); name that one")
    model, preprocessing, _ = described(checkpoint)
    return model, preprocessing


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images (N, C, h, w) with as many channels as a network wants.

    Grey becomes colour by three equal channels, colour becomes grey by its luma.
    """
    given = images.shape[1]
    if given == channels:
        return images
    if given == 1:
        return np.repeat(images, channels, axis=1)
    return np.einsum("nchw,c->nhw", unit_range(images), _LUMA)[:, None]
