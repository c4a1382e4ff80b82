"""Values on a device are judged without waiting; the error comes when the host reads from there."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import late
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.nn.functional.judging import judge_range
from minitorch_cv.testing import fake_device
from minitorch_cv.testing.cuda_emulator import compiler, emulated_cuda

WORDS = "cross_entropy: label 7 at position 1 is out of range for 4 classes"


@pytest.fixture(params=["functions", "a kernel"])
def fake(request):
    """A device on which functions of its namespace judge labels, and one on which a kernel does."""
    if request.param == "a kernel" and compiler() is None:
        pytest.skip("no g++: CUDA kernels cannot run on the emulator")
    with (fake_device if request.param == "functions" else emulated_cuda)() as counters:
        yield counters


def loss(fake, *labels):
    place = fake.library.name
    scores = mt.zeros(len(labels), 4, device=place)
    return F.cross_entropy(scores, mt.tensor(labels, device=place))


@pytest.mark.parametrize(
    "read", [lambda x: x.item(), float, bool, lambda x: x.tolist(), lambda x: x.cpu()]
)
def test_the_error_comes_with_the_next_value_and_once(fake, read):
    value = loss(fake, 0, 7, 1)
    assert fake.total() == fake.judged == 0
    with pytest.raises(ValueError, match=WORDS):
        read(value)
    read(value)


def test_right_labels_are_no_error(fake):
    for _ in range(late.RECENT + 3):
        value = loss(fake, 0, 3, -100)
    assert fake.total() == 0
    assert value.item() == pytest.approx(np.log(4))
    assert fake.total() == 2  # the answer to all questions, and the value


def test_the_first_of_several_mistakes_is_named(fake):
    loss(fake, 0, 1)
    loss(fake, 0, 7, 1)
    value = loss(fake, 9)
    with pytest.raises(ValueError, match=WORDS):
        value.item()


def test_a_mistake_of_long_ago_is_still_told(fake):
    loss(fake, 0, 7, 1)
    for _ in range(late.RECENT):
        value = loss(fake, 0)
    words = f"{fake.library.name}: a label was out of range, more than 16 calls ago"
    with pytest.raises(ValueError, match=words):
        value.item()


def test_at_once_where_that_is_asked_for(fake):
    with late.judged_at_once(), pytest.raises(ValueError, match=WORDS):
        loss(fake, 0, 7, 1)
    with late.judged_at_once(), late.judged_at_once(False):
        loss(fake, 0, 7, 1)


def test_at_once_on_the_cpu(fake):
    with pytest.raises(ValueError, match=WORDS):
        F.cross_entropy(mt.zeros(3, 4), mt.tensor([0, 7, 1]))


def test_a_device_that_is_gone_asks_nothing():
    for _ in range(2):
        with fake_device() as counters:
            loss(counters, 0, 7, 1)
    with fake_device():
        assert mt.ones(1, device="fake").item() == 1


def test_mistakes_are_told_once_and_later_ones_anew(fake):
    """Also those whose numbers lie in one place."""
    for _ in range(2):
        for bad in (False, True, False):
            value = loss(fake, 7 if bad else 0)
            for _ in range(late.RECENT - 1):
                value = loss(fake, 0)
            if not bad:
                value.item()
                continue
            with pytest.raises(ValueError, match="label 7 at position 0"):
                value.item()
            value.item()


def test_all_that_judge_labels(fake):
    """Bounds of their own, bytes, what is left out, and layouts."""
    place = fake.library.name

    def on(*values, dtype="int64"):
        return mt.from_numpy(np.array(values, dtype)).to(place)

    x, ones = mt.zeros(3, 4, device=place), mt.ones(4, device=place)
    F.nll_loss(x, on(0, 3, 255, dtype="uint8"), ignore_index=255)
    F.nll_loss(x, on(4, 9, 3, 9, 0)[1::2].flip(0)[:1].repeat(3), ignore_index=9)
    F.multilabel_margin_loss(x[0], on(3, -1, 0, 0))
    F.one_hot(on(0, 3), 4)
    ones.sum().item()
    for call, words in (
        (lambda: F.nll_loss(x, on(0, 4, 255, dtype="uint8"), ignore_index=255), "label 4 at"),
        (lambda: F.nll_loss(x, on(0, 1, 255, dtype="uint8")), "label 255 at position 2"),
        (lambda: F.multilabel_margin_loss(x[0], on(3, -2, 0, 0)), "or −1 for the end"),
        (lambda: F.one_hot(on(0, 4), 4), "one_hot: labels are 0 … 3"),
        (lambda: F.binary_cross_entropy(-ones, ones), "input holds probabilities"),
        (lambda: judge_range("none", on(0).array, 0, 0), "none: labels are 0 … -1"),
    ):
        call()
        with pytest.raises(ValueError, match=words):
            ones.sum().item()


def test_nothing_is_kept_of_what_has_been_looked_at(fake):
    def complain():
        raise ValueError

    ones, kept = mt.ones(3, device=fake.library.name), weakref.ref(complain)
    late.judge(ones.array, lambda values: values < 0, complain)
    del complain
    assert kept() is not None
    ones.sum().item()
    assert kept() is None
