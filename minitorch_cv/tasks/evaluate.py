"""What a trained network says about many images, in batches and off the tape."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd import from_numpy, inference_mode
from ..backend import to_numpy
from . import metrics
from .errors import TaskError
from .splits import Preprocessing, Split


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
    model: Any, images: np.ndarray, preprocessing: Preprocessing, batch_size: int = 256
) -> np.ndarray:
    """images (N, 1, H, W) in [0, 1] → logits (N, K). The model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        with inference_mode():
            parts = []
            for k in range(0, len(images), batch_size):
                x = preprocessing.normalise(images[k : k + batch_size])
                parts.append(to_numpy(model(from_numpy(x)).array))
    finally:
        model.train(was_training)
    return np.concatenate(parts)


def evaluate(model: Any, split: Split, preprocessing: Preprocessing) -> Evaluation:
    """Scores, loss and accuracy on a split. Raises TaskError for one without images."""
    if len(split.labels) == 0:
        raise TaskError("eval: the data set is empty (got 0 images); give it at least one")
    scores = predict_scores(model, split.images, preprocessing)
    loss = float(metrics.cross_entropies(scores, split.labels).mean())
    return Evaluation(scores, split.labels, loss, metrics.accuracy(scores, split.labels))
