"""nms and batched_nms: which boxes stay, in which order, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.detection import batched_nms, nms

BOXES = [[0.0, 0, 4, 4], [0, 0, 4, 3], [3, 0, 7, 4], [0, 0, 4, 4]]


def test_nms():
    y = nms(mt.tensor(BOXES), mt.tensor([0.8, 0.9, 0.7, 0.8]), 0.5)
    assert y.tolist() == [1, 2] and y.dtype == mt.int64
    assert nms(mt.zeros(0, 4), mt.zeros(0), 0.5).tolist() == []


def test_no_gradient():
    scores = mt.tensor([0.8, 0.9, 0.7, 0.8], requires_grad=True)
    assert not nms(mt.tensor(BOXES), scores, 0.5).requires_grad


def test_classes_do_not_meet():
    scores, classes = mt.tensor([0.8, 0.9, 0.7, 0.8]), mt.tensor([5, 2, 5, 2])
    assert batched_nms(mt.tensor(BOXES), scores, classes, 0.5).tolist() == [1, 0, 2]
    assert batched_nms(mt.tensor(BOXES), scores, classes * 0, 0.5).tolist() == [1, 2]
    none = mt.zeros(0, dtype=mt.int64)
    y = batched_nms(mt.zeros(0, 4), mt.zeros(0), none, 0.5)
    assert y.tolist() == [] and y.dtype == mt.int64


def test_each_class_is_an_nms_of_its_own():
    rng = np.random.default_rng(0)
    low = rng.uniform(-50, 50, (200, 2))
    boxes = mt.tensor(np.concatenate([low, low + rng.uniform(5, 50, (200, 2))], 1))
    scores, classes = mt.tensor(np.round(rng.uniform(size=200), 1)), rng.integers(4, size=200)
    found = batched_nms(boxes, scores, mt.tensor(classes), 0.3).tolist()
    for k in range(4):
        members = np.flatnonzero(classes == k)
        want = nms(boxes[members], scores[members], 0.3).tolist()
        assert [r for r in found if classes[r] == k] == members[want].tolist()
    marks = scores.numpy()[found]
    assert found == sorted(found, key=lambda r: (-scores.numpy()[r], r)) and len(marks) > 9


def test_what_is_refused():
    boxes, scores = mt.tensor(BOXES), mt.zeros(4)
    with pytest.raises(TypeError, match="nms: boxes is a Tensor"):
        nms(BOXES, scores, 0.5)
    with pytest.raises(ValueError, match="nms: there is one score for each box"):
        nms(boxes, scores[:3], 0.5)
    with pytest.raises(TypeError, match="nms: boxes must be of a float dtype"):
        nms(boxes.long(), scores, 0.5)
    with pytest.raises(ValueError, match="batched_nms: there is one class for each score"):
        batched_nms(boxes, scores, mt.zeros(3), 0.5)
    with pytest.raises(ValueError, match="nms: boxes are"):
        batched_nms(boxes[:0, :3], scores[:0], scores[:0], 0.5)
