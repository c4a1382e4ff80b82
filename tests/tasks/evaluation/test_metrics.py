"""Metrics against numbers worked out by hand."""

import numpy as np
import pytest

from minitorch_cv.tasks.evaluation import metrics

SCORES = np.array([[0.1, 2.0, 0.3], [3.0, 1.0, 0.0], [0.0, 1.0, 5.0], [1.0, 1.0, 0.0]])
LABELS = np.array([1, 1, 2, 0])


def test_accuracy_counts_the_highest_score_and_the_first_of_a_tie() -> None:
    assert metrics.correct(SCORES, LABELS) == 3
    assert metrics.accuracy(SCORES, LABELS) == 0.75


def test_top_k() -> None:
    assert metrics.top_k(SCORES, 2).tolist() == [[1, 2], [0, 1], [2, 1], [0, 1]]
    assert metrics.top_k_accuracy(SCORES, LABELS, 1) == 0.75
    assert metrics.top_k_accuracy(SCORES, LABELS, 2) == 1.0


def test_softmax_and_cross_entropy_do_not_overflow() -> None:
    scores = np.array([[1000.0, 1000.0], [-1000.0, 0.0]])
    assert np.allclose(metrics.softmax(scores), [[0.5, 0.5], [0.0, 1.0]])
    assert np.allclose(metrics.cross_entropies(scores, np.array([0, 0])), [np.log(2), 1000.0])


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    counts = metrics.confusion_matrix([1, 0, 2, 0], LABELS, 3)
    assert counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.accuracy(np.zeros((0, 3)), []), "there are no images"),
        (lambda: metrics.top_k_accuracy(np.zeros((0, 3)), []), "there are no images"),
        (lambda: metrics.accuracy(SCORES, LABELS[:2]), "one target for each row"),
        (lambda: metrics.top_k(SCORES, 4), "1 … 3"),
        (lambda: metrics.confusion_matrix([3], [0], 3), "predicted lie in 0 … 2"),
        (lambda: metrics.confusion_matrix([0], [-1], 3), "targets lie in 0 … 2"),
        (lambda: metrics.confusion_matrix([0, 1], [0], 3), "one prediction for each target"),
    ],
)
def test_bad_input_is_a_value_error(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def random_case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 9, (200, 7)).astype(np.float32), rng.integers(0, 6, 200)  # many ties


@pytest.mark.parametrize("k", [1, 2, 5, 7])
def test_top_k_error_counts_as_the_challenge_does(k: int) -> None:
    scores, labels = random_case()
    total = 0
    for row, label in zip(scores, labels, strict=True):
        guesses = sorted(range(7), key=lambda c: (-row[c], c))[:k]
        total += min(int(guess != label) for guess in guesses)
    assert metrics.top_k_error(scores, labels, k) == pytest.approx(total / 200)


def test_per_class_accuracy_and_the_worst_pairs_counted_one_by_one() -> None:
    scores, labels = random_case()
    right, seen = [0] * 7, [0] * 7
    pairs: dict[tuple[int, int], int] = {}
    for row, label in zip(scores, labels, strict=True):
        said = max(range(7), key=lambda c: (row[c], -c))
        seen[label] += 1
        right[label] += said == label
        if said != label:
            pairs[label, said] = pairs.get((label, said), 0) + 1
    got = metrics.per_class_accuracy(scores, labels)
    assert np.isnan(got[6]) and seen[6] == 0
    assert np.allclose(got[:6], [r / s for r, s in zip(right[:6], seen[:6], strict=True)])
    counts = metrics.confusion_matrix(scores.argmax(axis=1), labels, 7)
    best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    assert metrics.worst_pairs(counts, 4) == [(t, s, n) for (t, s), n in best[:4]]
    assert metrics.worst_pairs(np.diag([3, 2])) == []
