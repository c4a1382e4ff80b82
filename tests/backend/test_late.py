"""Values on a device are judged without waiting; the error comes when the host reads from there."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import late
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing import fake_device

WORDS = "cross_entropy: label 7 at position 1 is out of range for 4 classes"


@pytest.fixture
def fake():
    with fake_device() as counters:
        yield counters


def loss(*labels):
    scores = mt.zeros(len(labels), 4, device="fake")
    return F.cross_entropy(scores, mt.tensor(labels, device="fake"))


@pytest.mark.parametrize(
    "read", [lambda x: x.item(), float, bool, lambda x: x.tolist(), lambda x: x.cpu()]
)
def test_the_error_comes_with_the_next_value_and_once(fake, read):
    value = loss(0, 7, 1)
    assert fake.total() == fake.judged == 0
    with pytest.raises(ValueError, match=WORDS):
        read(value)
    read(value)


def test_right_labels_are_no_error(fake):
    for _ in range(late.RECENT + 3):
        value = loss(0, 3, -100)
    assert fake.total() == 0
    assert value.item() == pytest.approx(np.log(4))
    assert fake.total() == 2  # the answer to all questions, and the value


def test_the_first_of_several_mistakes_is_named(fake):
    loss(0, 1)
    loss(0, 7, 1)
    value = loss(9)
    with pytest.raises(ValueError, match=WORDS):
        value.item()


def test_a_mistake_of_long_ago_is_still_told(fake):
    loss(0, 7, 1)
    for _ in range(late.RECENT):
        value = loss(0)
    with pytest.raises(ValueError, match="fake: a label was out of range, more than 16 calls ago"):
        value.item()


def test_at_once_where_that_is_asked_for(fake):
    with late.judged_at_once(), pytest.raises(ValueError, match=WORDS):
        loss(0, 7, 1)
    with late.judged_at_once(), late.judged_at_once(False):
        loss(0, 7, 1)


def test_at_once_on_the_cpu(fake):
    with pytest.raises(ValueError, match=WORDS):
        F.cross_entropy(mt.zeros(3, 4), mt.tensor([0, 7, 1]))


def test_a_device_that_is_gone_asks_nothing():
    for _ in range(2):
        with fake_device():
            loss(0, 7, 1)
    with fake_device():
        assert mt.ones(1, device="fake").item() == 1
