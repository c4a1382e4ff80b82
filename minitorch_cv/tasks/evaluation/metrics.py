"""How good are predictions? Plain functions on NumPy arrays of scores and class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Scores = Any  # (N, K) array: one row of class scores (logits or probabilities) for each image


def softmax(scores: Scores) -> np.ndarray:
    """Probabilities (N, K), float64, from logits: p_k = exp(s_k − max s) / Σ_j exp(s_j − max s)."""
    scores = np.asarray(scores, np.float64)
    power = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return power / power.sum(axis=1, keepdims=True)


def correct(scores: Scores, targets: Any) -> int:
    """How many of the highest scores are at the true class (of equal scores the first counts)."""
    _agree("correct", scores, targets)
    return int((np.argmax(scores, axis=1) == targets).sum())


def accuracy(scores: Scores, targets: Any) -> float:
    """The share of images whose highest score is at the true class, in [0, 1].

    Raises ValueError for no images at all (0 / 0) and where the lengths differ.
    """
    _agree("accuracy", scores, targets)
    if len(targets) == 0:
        raise ValueError("accuracy: there are no images (got 0); give at least one")
    return correct(scores, targets) / len(targets)


def top_k(scores: Scores, k: int = 5) -> np.ndarray:
    """The k classes with the highest scores, best first, (N, k) int64; of ties the lower class."""
    scores = np.asarray(scores)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"top_k: k lies in 1 … {scores.shape[1]}, the number of classes (got {k})")
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def top_k_accuracy(scores: Scores, targets: Any, k: int = 5) -> float:
    """The share of images whose true class is among the k highest scores."""
    _agree("top_k_accuracy", scores, targets)
    if len(targets) == 0:
        raise ValueError("top_k_accuracy: there are no images (got 0); give at least one")
    hits = top_k(scores, k) == np.asarray(targets)[:, None]  # (N, k)
    return float(hits.any(axis=1).mean())


def top_k_error(scores: Scores, targets: Any, k: int = 5) -> float:
    """1 − the share of images whose true class is among the k highest scores, in [0, 1].

        e = 1/N Σ_i min_j d(l_ij, g_i), d = 0 where one of the k labels l_ij is the true g_i, else 1

    Source: O. Russakovsky et al., "ImageNet large scale visual recognition challenge", IJCV 2015,
    section 4.1. Of equal scores the lower class comes first.
    """
    return 1 - top_k_accuracy(scores, targets, k)


def per_class_accuracy(scores: Scores, targets: Any) -> np.ndarray:
    """For each class the share of its images that are right, (K,) float64; NaN for no images."""
    _agree("per_class_accuracy", scores, targets)
    classes = np.shape(scores)[1]
    counts = confusion_matrix(np.argmax(scores, axis=1), targets, classes)
    total = counts.sum(axis=1)
    return np.where(total > 0, np.diag(counts) / np.maximum(total, 1), np.nan)


def worst_pairs(counts: np.ndarray, most: int = 5) -> list[tuple[int, int, int]]:
    """The mistakes that are made most often: (true class, predicted class, how often).

    counts (K, K): a confusion matrix. At most `most` of them; of equal counts the lower classes.
    """
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(k), len(wrong)) for k in order if wrong.flat[k]]
    return [(true, said, int(wrong[true, said])) for true, said in pairs]


def confusion_matrix(predicted: Any, targets: Any, classes: int) -> np.ndarray:
    """Counts (K, K) int64: row = true class, column = predicted class.

    Raises ValueError for a class outside 0 … K − 1.
    """
    predicted, targets = np.asarray(predicted, np.int64), np.asarray(targets, np.int64)
    if predicted.shape != targets.shape:
        raise ValueError(
            f"confusion_matrix: one prediction for each target (got {predicted.shape} and "
            f"{targets.shape})"
        )
    for name, values in (("predicted", predicted), ("targets", targets)):
        if values.size and (values.min() < 0 or values.max() >= classes):
            raise ValueError(
                f"confusion_matrix: {name} lie in 0 … {classes - 1} (got {values.min()} … "
                f"{values.max()})"
            )
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (targets, predicted), 1)
    return counts


def cross_entropies(scores: Scores, targets: Any) -> np.ndarray:
    """−log p(true class) of each image, (N,) float64, from logits."""
    _agree("cross_entropies", scores, targets)
    scores = np.asarray(scores, np.float64)
    top = scores.max(axis=1, initial=-np.inf)
    log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return log_sum - scores[np.arange(len(scores)), np.asarray(targets)]


def _agree(name: str, scores: Any, targets: Any) -> None:
    if np.ndim(scores) != 2 or len(scores) != len(targets):
        raise ValueError(
            f"{name}: scores are (N, K) with one target for each row (got {np.shape(scores)} and "
            f"{np.shape(targets)})"
        )
