"""The multi-class hinge loss (SVM): numbers by hand, naive loops, gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing import gradcheck, gradgradcheck

S, T = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]], [0, 1, 2]


def check(function, inputs):
    """First and second derivatives against difference quotients."""
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def loops(s, t, margin):
    losses = np.zeros(len(s))
    for n, row in enumerate(s):
        for j, score in enumerate(row):
            if j != t[n]:
                losses[n] += max(0.0, score - row[t[n]] + margin)
    return losses


def test_by_hand():
    """Cat, car, frog: 2.9, 0 and 12.9."""
    s, t = mt.tensor(S, dtype=mt.float64), mt.tensor(T)
    y = F.multi_class_hinge_loss(s, t, reduction="none")
    np.testing.assert_allclose(y.numpy(), [2.9, 0.0, 12.9])
    assert F.multi_class_hinge_loss(s, t).item() == pytest.approx(15.8 / 3)
    assert nn.MultiClassHingeLoss(reduction="sum")(s, t).item() == pytest.approx(15.8)


@pytest.mark.parametrize("margin", [1.0, 0.3, 0.0])
def test_loops(margin):
    rng = np.random.default_rng(0)
    s, t = rng.normal(size=(6, 4)) * 2, rng.integers(0, 4, 6)
    y = F.multi_class_hinge_loss(mt.tensor(s), mt.tensor(t), margin, "none")
    np.testing.assert_allclose(y.numpy(), loops(s, t, margin))
    one = F.multi_class_hinge_loss(mt.tensor(s[0]), mt.tensor(t[0]), margin, "none")
    assert one.shape == () and one.item() == pytest.approx(loops(s[:1], t[:1], margin)[0])


def test_gradient_counts_the_classes_within_the_margin():
    s = mt.tensor(S, dtype=mt.float64, requires_grad=True)
    F.multi_class_hinge_loss(s, mt.tensor(T)).backward()
    np.testing.assert_allclose(s.grad.numpy() * 3, [[-1, 1, 0], [0, 0, 0], [1, 1, -2]])
    check(lambda x: F.multi_class_hinge_loss(x, mt.tensor(T)), s)


def test_no_slope_at_the_margin():
    s = mt.tensor([[1.0, 2.0]], dtype=mt.float64, requires_grad=True)
    F.multi_class_hinge_loss(s, mt.tensor([1])).backward()
    np.testing.assert_array_equal(s.grad.numpy(), [[0.0, 0.0]])


def test_it_is_multi_margin_loss_times_the_number_of_classes():
    s, t = mt.tensor(S, dtype=mt.float64), mt.tensor(T)
    assert mt.allclose(F.multi_class_hinge_loss(s, t), 3 * F.multi_margin_loss(s, t))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s, t: F.multi_class_hinge_loss(s, t + 1), ValueError, "labels are 0 … 2"),
        (lambda s, t: F.multi_class_hinge_loss(s, t[:2]), ValueError, r"input is \(N, C\)"),
        (lambda s, t: F.multi_class_hinge_loss(s, t.float()), TypeError, "class numbers, int64"),
        (lambda s, t: F.multi_class_hinge_loss(s.long(), t), TypeError, "input is a float tensor"),
        (lambda s, t: F.multi_class_hinge_loss(s, t, reduction="avg"), ValueError, "reduction"),
        (lambda s, t: F.multi_class_hinge_loss(s, t, margin="1"), TypeError, "margin is a number"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call(mt.tensor(S), mt.tensor(T))
