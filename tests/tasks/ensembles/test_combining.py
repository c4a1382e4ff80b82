"""Combinations and measures against naive loops; ties of votes; the table that compares."""

import csv
import io
import math

import numpy as np
import pytest

from minitorch_cv.tasks.ensembles import (
    calibration_error,
    compare_ensembles,
    disagreement,
    majority_vote,
    mean_logits,
    mean_probabilities,
)
from minitorch_cv.tasks.ensembles.measures import log_likelihood_loss
from minitorch_cv.tasks.errors import TaskError


@pytest.fixture()
def members():
    rng = np.random.default_rng(0)
    return [3 * rng.standard_normal((40, 5)).astype(np.float32) for _ in range(3)]


def naive_softmax(row):
    powers = [math.exp(s) for s in row]
    return [p / sum(powers) for p in powers]


def test_mean_of_probabilities(members):
    found = mean_probabilities(members)
    for n in range(40):
        rows = [naive_softmax(scores[n]) for scores in members]
        for k in range(5):
            assert found[n, k] == pytest.approx(sum(row[k] for row in rows) / 3, abs=1e-12)


def test_mean_of_logits_is_the_geometric_mean_of_probabilities(members):
    found = mean_logits(members)
    for n in range(40):
        rows = [naive_softmax(scores[n]) for scores in members]
        products = [math.prod(row[k] for row in rows) ** (1 / 3) for k in range(5)]
        assert found[n] == pytest.approx(np.array(products) / sum(products), abs=1e-12)


def test_votes_are_counted_and_ties_go_to_the_more_probable(members):
    found = majority_vote(members)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12 and found.min() >= 0
    ties = 0
    for n in range(40):
        said = [int(scores[n].argmax()) for scores in members]
        votes = [said.count(k) for k in range(5)]
        assert found[n] == pytest.approx(np.array(votes) / 3, abs=2e-4)
        best = [k for k in range(5) if votes[k] == max(votes)]
        ties += len(best) > 1
        chances = [sum(naive_softmax(s[n])[k] for s in members) for k in best]
        assert found[n].argmax() == best[int(np.argmax(chances))]
    assert ties > 3


def test_a_full_tie_goes_to_the_lower_class():
    one, two = np.array([[0.0, 2.0, 0.0]]), np.array([[0.0, 0.0, 2.0]])
    assert majority_vote([two, one]).argmax() == 1
    stronger = np.array([[0.0, 0.0, 3.0]])
    assert majority_vote([one, stronger]).argmax() == 2


def test_two_votes_beat_one_sure_one():
    sure = np.array([[90.0, 0.0]])
    unsure = np.array([[0.0, 0.01]])
    assert majority_vote([sure, unsure, unsure]).argmax() == 1
    assert mean_probabilities([sure, unsure, unsure]).argmax() == 0


@pytest.mark.parametrize("combine", [mean_logits, mean_probabilities, majority_vote])
def test_members_of_other_shapes_are_refused(combine):
    with pytest.raises(ValueError, match="all of one shape"):
        combine([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ValueError, match="got none"):
        combine([])


def test_calibration_error_against_loops(members):
    chances = mean_probabilities(members)
    labels = np.random.default_rng(1).integers(0, 5, 40)
    total = 0.0
    for b in range(15):
        inside = [n for n in range(40) if b / 15 < max(chances[n]) <= (b + 1) / 15]
        if inside:
            right = sum(chances[n].argmax() == labels[n] for n in inside) / len(inside)
            sure = sum(max(chances[n]) for n in inside) / len(inside)
            total += len(inside) / 40 * abs(right - sure)
    assert calibration_error(chances, labels) == pytest.approx(total, abs=1e-12)


def test_known_measures():
    chances = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    labels = np.array([0, 0, 0, 0, 1])
    assert calibration_error(chances, labels) == pytest.approx(0, abs=1e-12)
    assert calibration_error(chances, 1 - labels) == pytest.approx(0.6)
    wanted = -(4 * math.log(0.8) + math.log(0.2)) / 5
    assert log_likelihood_loss(chances, labels) == pytest.approx(wanted)
    assert log_likelihood_loss(np.array([[1.0, 0.0]]), np.array([1])) == math.inf
    with pytest.raises(ValueError, match="bins"):
        calibration_error(chances, labels, 0)


def test_disagreement():
    a, b = np.eye(4), np.eye(4)[[0, 1, 3, 2]]
    assert np.array_equal(disagreement([a, b, b]), [[0, 0.5, 0.5], [0.5, 0, 0], [0.5, 0, 0]])


def test_the_table(members, tmp_path):
    labels = np.random.default_rng(1).integers(0, 5, 40)
    named = dict(zip("abc", members, strict=True))
    result = compare_ensembles(named, labels, {"mean of parameters": members[0]})
    lines = {line.name: line for line in result.lines}
    assert list(lines) == [
        "a", "b", "c", "mean of probabilities", "mean of logits", "majority vote",
        "mean of parameters",
    ]  # fmt: skip
    assert lines["b"].wrong == int((members[1].argmax(axis=1) != labels).sum())
    mean = mean_probabilities(members)
    line = lines["mean of probabilities"]
    assert line.error == float((mean.argmax(axis=1) != labels).mean()) and line.kind == "ensemble"
    assert line.nll == log_likelihood_loss(mean, labels)
    assert line.ece == calibration_error(mean, labels)
    assert lines["majority vote"].nll is None and lines["mean of parameters"][2:] == lines["a"][2:]
    pairs = disagreement(members)
    assert result.apart == pytest.approx((pairs[0, 1] + pairs[0, 2] + pairs[1, 2]) / 3)
    md, table = result.write(tmp_path / "new")
    assert len(md.read_text().splitlines()) == 2 + 7
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [float(row["error"]) for row in rows] == [line.error for line in result.lines]
    assert rows[5]["nll"] == "" and len({len(row) for row in result.text().splitlines()}) == 1


def test_one_member_has_no_ensemble(members):
    result = compare_ensembles({"a": members[0]}, np.zeros(40, int))
    assert len(result.lines) == 1 and result.apart == 0


@pytest.mark.parametrize("wrong", [
    ({}, np.zeros(2, int)),
    ({"a": np.zeros((0, 3))}, np.zeros(0, int)),
    ({"a": np.zeros((2, 3)), "b": np.zeros((2, 4))}, np.zeros(2, int)),
    ({"a": np.zeros((3, 3))}, np.zeros(2, int)),
    ({"a": np.zeros(2)}, np.zeros(2, int)),
])  # fmt: skip
def test_what_the_table_refuses(wrong):
    with pytest.raises(TaskError, match="ensemble"):
        compare_ensembles(*wrong)


def test_two_published_networks_are_better_together(data_dir):
    from PIL import Image

    from minitorch_cv.tasks.adaptation import pretrained
    from minitorch_cv.tasks.evaluation.evaluate import predict_scores

    sheet = np.asarray(Image.open(data_dir / "cifar10" / "cifar10_batch_50.png").convert("RGB"))
    images = sheet.reshape(1000, 32, 32, 3).transpose(0, 3, 1, 2)
    labels = np.load(data_dir / "cifar10" / "labels.npy")[50_000:51_000]
    scores = {}
    for name in ("resnet20", "resnet32"):
        (weights,) = (data_dir / "resnet_cifar10").glob(f"{name}*.th")
        model, preprocessing = pretrained(name, str(weights))
        scores[name] = predict_scores(model, images, preprocessing)
    wrong = {line.name: line.wrong for line in compare_ensembles(scores, labels).lines}
    assert wrong["resnet20"] == 85 and wrong["resnet32"] == 72
    assert wrong["mean of probabilities"] == pytest.approx(58, abs=1)
    assert wrong["mean of logits"] == pytest.approx(55, abs=1)
