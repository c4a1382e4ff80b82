"""What a trained network says about many images, in batches and off the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd import from_numpy, inference_mode
from ...backend import to_numpy
from ..errors import TaskError
from ..preprocessing import Preprocessing
from ..splits import Split
from . import metrics

Images = np.ndarray | Sequence[np.ndarray]  # (N, C, h, w), or images (C, h, w) of several sizes
Score = Callable[[Any, Images, Preprocessing], np.ndarray]  # of a model and images → (N, K)
PIXELS_AT_ONCE = 2**18  # of a batch: 256 images of 32 × 32, 5 of 224 × 224


class Evaluation(NamedTuple):
    """scores: logits (N, K); labels (N,); loss: mean cross-entropy; accuracy in [0, 1]."""

    scores: np.ndarray
    labels: np.ndarray
    loss: float
    accuracy: float

    @property
    def correct(self) -> int:
        """How many images are right."""
        return metrics.correct(self.scores, self.labels)


def predict_scores(
    model: Any, images: Images, preprocessing: Preprocessing, batch_size: int = 0
) -> np.ndarray:
    """images as they are stored (N, C, h, w) → logits (N, K), of the middle of each.

    batch_size: images at once; 0: as many as fit well. The model is left in the mode it was in.
    """
    if not batch_size:
        batch_size = max(1, PIXELS_AT_ONCE // (preprocessing.size[0] * preprocessing.size[1]))
    return np.concatenate(
        [answers(model, preprocessing.to_input(part)) for part in batches(images, batch_size)]
    )


def answers(model: Any, x: np.ndarray) -> np.ndarray:
    """What a model in evaluation mode says about one batch; it is left in the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        with inference_mode():
            return to_numpy(model(from_numpy(np.ascontiguousarray(x))).array)
    finally:
        model.train(was_training)


def batches(images: Images, batch_size: int) -> Iterator[np.ndarray]:
    """Images (n, C, h, w), batch_size at a time; one by one where they are of several sizes."""
    if isinstance(images, np.ndarray):
        for k in range(0, len(images), batch_size):
            yield images[k : k + batch_size]
        return
    for image in images:
        yield image[None]


def evaluate(
    model: Any, split: Split, preprocessing: Preprocessing, score: Score = predict_scores
) -> Evaluation:
    """Scores, loss and accuracy on a split. Raises TaskError for one without images.

    score: how an image gets its scores, such as `ten_crop_scores`.
    """
    if len(split.labels) == 0:
        raise TaskError("eval: the data set is empty (got 0 images); give it at least one")
    scores = score(model, split.images, preprocessing)
    loss = float(metrics.cross_entropies(scores, split.labels).mean())
    return Evaluation(scores, split.labels, loss, metrics.accuracy(scores, split.labels))
