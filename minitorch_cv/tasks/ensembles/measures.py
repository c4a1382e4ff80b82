"""What an ensemble is judged by, beside its error: likelihood, calibration, disagreement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def log_likelihood_loss(chances: np.ndarray, labels: np.ndarray) -> float:
    """NLL = −(1 / N) Σ log p(true class); inf where the true class has no chance at all."""
    true = chances[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        return float(-np.log(true).mean())


def calibration_error(chances: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """The expected calibration error, in [0, 1].

        ECE = Σ_b (n_b / N) |accuracy_b − confidence_b|

    Bin b holds the n_b images whose highest probability lies in ((b − 1) / bins, b / bins].
    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
    ICML 2017, equations 2, 3 and 5.
    """
    if bins < 1:
        raise ValueError(f"calibration_error: bins is at least 1 (got {bins})")
    confidence = chances.max(axis=1)
    right = chances.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place, right - confidence, minlength=bins)  # n_b (accuracy − confidence)
    return float(np.abs(gaps).sum() / len(labels))


def disagreement(members: Sequence[np.ndarray]) -> np.ndarray:
    """(M, M): the share of images on which two members' highest scores are at other classes."""
    said = np.stack([scores.argmax(axis=1) for scores in members])  # (M, N)
    return (said[:, None] != said[None]).mean(axis=2)
