"""From the logits of several networks to the probabilities of their ensemble.

Source: L. K. Hansen, P. Salamon, "Neural network ensembles", IEEE PAMI 12(10), 1990 (votes);
L. Breiman, "Bagging predictors", Machine Learning 24, 1996, section 4 (averages of probabilities
against votes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..evaluation.metrics import softmax

Logits = Sequence[np.ndarray]  # (N, K) of each member
Combination = Callable[[Logits], np.ndarray]


def mean_probabilities(members: Logits) -> np.ndarray:
    """p = (1 / M) Σ_m softmax(s_m), (N, K) float64."""
    return np.mean([softmax(scores) for scores in _judged("mean_probabilities", members)], axis=0)


def mean_logits(members: Logits) -> np.ndarray:
    """p = softmax((1 / M) Σ_m s_m), (N, K) float64: the normalised geometric mean of the p_m."""
    return softmax(np.mean(_judged("mean_logits", members), axis=0, dtype=np.float64))


def majority_vote(members: Logits) -> np.ndarray:
    """The share of members whose highest score is at each class, (N, K) float64.

        p = (1 − ε) votes / M + ε mean_probabilities,    ε = 10⁻⁴

    So of classes with equally many votes the one with the higher mean probability comes first, and
    the lower class where these are equal, too; and no class with fewer votes overtakes (M < 9999).
    """
    checked = _judged("majority_vote", members)
    votes = np.zeros(checked[0].shape)
    for scores in checked:
        votes[np.arange(len(votes)), np.argmax(scores, axis=1)] += 1
    return (1 - _TIE) * votes / len(checked) + _TIE * mean_probabilities(checked)


_TIE = 1e-4

COMBINATIONS: dict[str, Combination] = {
    "mean of probabilities": mean_probabilities,
    "mean of logits": mean_logits,
    "majority vote": majority_vote,
}


def _judged(caller: str, members: Logits) -> list[np.ndarray]:
    arrays = [np.asarray(scores) for scores in members]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or arrays[0].ndim != 2:
        raise ValueError(
            f"{caller}: the members' logits are (N, K), all of one shape (got "
            f"{', '.join(map(str, sorted(shapes))) or 'none'}); give those of the same images"
        )
    return arrays
