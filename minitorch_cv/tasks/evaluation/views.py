"""Scores from many views of an image: ten crops, or all places of it at several scales.

Both answer logarithms of mean probabilities, (N, K): their softmax is the mean again.

Source: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional
neural networks", NIPS 2012, section 4.1 (ten crops: the four corners, the middle, and the mirror
images of these; the softmax outputs are averaged). K. Simonyan, A. Zisserman, "Very deep
convolutional networks for large-scale image recognition", ICLR 2015, sections 3.2 and 4.2 (dense:
the map of scores is averaged over its places; the probabilities of an image and of its mirror image
are averaged, and those at all scales).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import nn
from ...data.images import unit_range
from ...data.transforms import functional as T  # noqa: N812
from ...models import convert_to_fully_convolutional
from ..errors import TaskError
from ..preprocessing import Preprocessing
from .evaluate import PIXELS_AT_ONCE, Images, answers, batches
from .metrics import softmax


def ten_crop_scores(model: Any, images: Images, preprocessing: Preprocessing) -> np.ndarray:
    """log of the mean softmax over the four corners, the middle, and their mirror images.

    The shorter side of an image is made that of preprocessing.grid; crops have preprocessing.size.
    images (N, C, h, w) as they are stored → (N, K). Raises TaskError where the crops are larger.
    """
    H, W = preprocessing.size
    if max(H, W) > min(preprocessing.grid):
        raise TaskError(
            f"eval: ten crops of {H} × {W} need images whose shorter side is at least "
            f"{max(H, W)} (got {min(preprocessing.grid)}); give --resize"
        )
    parts = []
    for part in batches(images, max(1, PIXELS_AT_ONCE // (10 * H * W))):
        x = preprocessing.resized(unit_range(part))
        crops = np.concatenate(T.ten_crop(x, preprocessing.size))  # (10 N, C, H, W)
        chances = softmax(answers(model, preprocessing.normalise(crops)))  # (10 N, K)
        parts.append(chances.reshape(10, len(part), -1).mean(axis=0))
    return _log(np.concatenate(parts))


def dense_scores(
    model: Any, images: Images, preprocessing: Preprocessing, scales: Sequence[int]
) -> np.ndarray:
    """log of the mean softmax over scales and mirror images; scores averaged over all places.

    The shorter side of an image is made each of `scales` in turn, and the network runs on all of
    it, not on crops: as `fully_convolutional` makes it. images (N, C, h, w) as they are stored →
    (N, K). Raises TaskError where a scale is too small for the network.
    """
    if not scales:
        raise TaskError("eval: dense evaluation needs at least one scale (got none)")
    network = fully_convolutional(model)
    parts = []
    for part in batches(images, max(1, PIXELS_AT_ONCE // max(scales) ** 2)):
        views = []
        for scale in scales:
            x = preprocessing.normalise(preprocessing.resized(unit_range(part), scale))
            views += [_chances(network, view, scale) for view in (x, x[..., ::-1])]
        parts.append(np.mean(views, axis=0))
    return _log(np.concatenate(parts))


def fully_convolutional(model: Any) -> Any:
    """The network in a form that takes larger images whole.

    One with global pooling before its linear layer does as it is: the mean of the scores at all
    places is the score of the mean. In one whose linear layers look at a window of the maps (VGG,
    AlexNet) they become convolutions, see `models.convert_to_fully_convolutional`.
    """
    features, classifier = getattr(model, "features", None), getattr(model, "classifier", None)
    if features is None or not isinstance(classifier, nn.Sequential):
        return model
    linear = [layer for layer in classifier if isinstance(layer, nn.Linear)]
    maps = [layer.out_channels for layer in features.modules() if isinstance(layer, nn.Conv2d)]
    if not linear or not maps or linear[0].in_features == maps[-1]:
        return model
    return convert_to_fully_convolutional(model)


def _chances(network: Any, x: np.ndarray, scale: int) -> np.ndarray:
    """Probabilities (N, K) from scores (N, K), or from maps of them (N, K, H', W')."""
    try:
        scores = answers(network, x)
    except (ValueError, RuntimeError) as error:
        raise TaskError(
            f"eval: {type(network).__name__} cannot take images whose shorter side is {scale} "
            f"({error}); choose other --scales, or a network that ends in global pooling or is VGG"
        ) from error
    if scores.ndim == 4:
        scores = scores.mean(axis=(2, 3))
    return softmax(scores)


def _log(chances: np.ndarray) -> np.ndarray:
    """log p, finite where p is 0."""
    return np.log(np.maximum(chances, np.finfo(np.float64).tiny))
