"""A linear probe: logistic regression or a linear support vector machine on fixed features.

Features are shifted and scaled to mean 0 and deviation 1 on the training images (a feature that is
the same for all of them is only shifted), then scikit-learn minimises ½ |W|² + C Σ loss.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import TaskError

KINDS = ("logistic", "svm")


class Probe(NamedTuple):
    """A linear classifier: scores = ((features − mean) / std) weight + bias, (N, K).

    classes (K,): the label that each column stands for.
    """

    mean: np.ndarray
    std: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    classes: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        """(N, D) → (N, K)."""
        return (features - self.mean) / self.std @ self.weight + self.bias

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(N, D) → labels (N,)."""
        return self.classes[self.scores(features).argmax(axis=1)]

    def accuracy(self, features: np.ndarray, labels: np.ndarray) -> float:
        """The share of features that get their label."""
        return float((self.predict(features) == labels).mean())


def linear_probe(
    features: np.ndarray, labels: np.ndarray, kind: str = "logistic", C: float = 1.0
) -> Probe:
    """Fits a probe to features (N, D) and labels (N,).

    kind: "logistic" (softmax regression), or "svm" (one against the rest, squared hinge loss).
    C: the weight of the data against the pull towards zero.
    Raises TaskError where scikit-learn is missing, or there are fewer than two classes.
    """
    if kind not in KINDS:
        raise TaskError(f"probe: there is no {kind!r}; use {' or '.join(KINDS)}")
    known = np.unique(labels)
    if len(known) < 2:
        raise TaskError(f"probe: needs images of at least two classes (got {len(known)})")
    mean, std = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    std[std < 1e-12] = 1.0
    fitted = _classifier(kind, C).fit((features - mean) / std, labels)
    weight, bias = fitted.coef_.T, fitted.intercept_
    if len(known) == 2:  # scikit-learn keeps one column: the score of the second class
        weight = np.concatenate([-weight, weight], axis=1) / 2
        bias = np.concatenate([-bias, bias]) / 2
    return Probe(mean, std, weight, bias, known)


def _classifier(kind: str, C: float) -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise TaskError(
            "probe: scikit-learn is not installed; use pip install scikit-learn"
        ) from error
    if kind == "svm":
        return LinearSVC(C=C, max_iter=10000, random_state=0)
    return LogisticRegression(C=C, max_iter=2000)
