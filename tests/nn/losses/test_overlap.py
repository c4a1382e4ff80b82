"""Dice and focal loss: numbers by hand, naive loops, gradients, bad calls."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(2, 3, 4, 2)), RNG.integers(0, 3, (2, 4, 2))
SHARES = RNG.uniform(0, 1, (2, 3, 4, 2))


def check(function, inputs):
    """First and second derivatives against difference quotients."""
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def dice_loops(p, t, smooth, squared, over_batch):
    N, C = p.shape[:2]
    sums = np.zeros((N, C, 2))
    for n, c in itertools.product(range(N), range(C)):
        for where in np.ndindex(p.shape[2:]):
            a, b = p[(n, c, *where)], t[(n, c, *where)]
            sums[n, c, 0] += a * b
            sums[n, c, 1] += a * a + b * b if squared else a + b
    sums = sums.sum(axis=0) if over_batch else sums
    return 1 - (2 * sums[..., 0] + smooth) / (sums[..., 1] + smooth)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_dice_by_hand():
    """Half of the pixels found, nothing found that is not there: D = 2 · 1 / (1 + 2)."""
    p, t = mt.tensor([[[1.0, 0.0, 0.0]]]), mt.tensor([[[1.0, 1.0, 0.0]]])
    assert F.dice_loss(p, t, smooth=0.0).item() == pytest.approx(1 / 3)
    assert F.dice_loss(p, t).item() == pytest.approx(1 - 3 / 4)
    half = p / 2  # Σ p t = 0.5, Σ p² + Σ t² = 0.25 + 2
    assert F.dice_loss(half, t, smooth=0.0, squared=True).item() == pytest.approx(1 - 1 / 2.25)


def test_dice_of_a_perfect_answer_is_0_and_of_nothing_too():
    t = mt.tensor([[[1.0, 0.0]], [[0.0, 0.0]]])
    np.testing.assert_array_equal(F.dice_loss(t, t, reduction="none").numpy(), [[0.0], [0.0]])


@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("over_batch", [False, True])
def test_dice_loops(smooth, squared, over_batch):
    options = {"smooth": smooth, "squared": squared, "over_batch": over_batch}
    hot = np.moveaxis(np.eye(3)[LABELS], -1, 1)
    for activation, p in (
        ("softmax", softmax(LOGITS)), ("sigmoid", 1 / (1 + np.exp(-LOGITS))), ("none", SHARES),
    ):  # fmt: skip
        x = mt.tensor(SHARES if activation == "none" else LOGITS)
        want = dice_loops(p, hot, **options)
        for target in (mt.tensor(LABELS), mt.tensor(hot)):
            loss = nn.DiceLoss(activation=activation, reduction="none", **options)
            np.testing.assert_allclose(loss(x, target).numpy(), want, atol=1e-12)
        assert nn.DiceLoss(activation=activation, **options)(x, mt.tensor(LABELS)).item() == (
            pytest.approx(want.mean())
        )


@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
def test_dice_gradients(activation):
    x = mt.tensor(SHARES, requires_grad=True)
    check(lambda x: F.dice_loss(x, mt.tensor(LABELS), activation=activation), x)
    t = mt.tensor(SHARES / 2, requires_grad=True)
    check(lambda x, t: F.dice_loss(x, t, squared=True, activation=activation), (x, t))


def test_dice_of_classes_without_pixels():
    y = F.dice_loss(mt.tensor([[0.5, 0.5]]), mt.tensor([1]), smooth=0.0, reduction="none")
    np.testing.assert_allclose(y.numpy(), [[1.0, 1 / 3]])


def test_sigmoid_focal_by_hand():
    """p = 0.75: a true 1 costs 0.25 · 0.25² · log(4/3), a true 0 costs 0.75 · 0.75² · log 4."""
    x = mt.tensor([math.log(3)] * 2, dtype=mt.float64)
    y = F.sigmoid_focal_loss(x, mt.tensor([1.0, 0.0], dtype=mt.float64))
    want = [0.25**3 * math.log(4 / 3), 0.75**3 * math.log(4)]
    np.testing.assert_allclose(y.numpy(), want)
    assert nn.FocalLoss()(x, mt.tensor([1.0, 0.0], dtype=mt.float64)).item() == (
        pytest.approx(sum(want) / 2)
    )


def test_without_focus_it_is_the_cross_entropy():
    x, t = mt.tensor(LOGITS), mt.tensor(SHARES)
    y = F.sigmoid_focal_loss(x, t, alpha=-1, gamma=0, reduction="mean")
    assert mt.allclose(y, F.binary_cross_entropy_with_logits(x, t))
    labels = mt.tensor(LABELS)
    y = F.softmax_focal_loss(x, labels, gamma=0, reduction="mean")
    assert mt.allclose(y, F.cross_entropy(x, labels))


def focal_loops(x, labels, alpha, gamma, ignored=-100):
    p, losses = softmax(x), np.zeros(labels.shape)
    for where in np.ndindex(labels.shape):
        t = labels[where]
        if t != ignored:
            pt = p[(where[0], t, *where[1:])]
            losses[where] = -alpha[t] * (1 - pt) ** gamma * math.log(pt)
    return losses


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_softmax_focal_loops(gamma, weighted):
    alpha = np.array([0.2, 0.5, 0.3]) if weighted else np.ones(3)
    labels = np.where(LABELS == 2, -100, LABELS)
    want = focal_loops(LOGITS, labels, alpha, gamma)
    options = {"alpha": mt.tensor(alpha) if weighted else None, "gamma": gamma}
    x, t = mt.tensor(LOGITS), mt.tensor(labels)
    y = F.softmax_focal_loss(x, t, **options)
    np.testing.assert_allclose(y.numpy(), want, atol=1e-12)
    mean = nn.FocalLoss(softmax=True, **options)(x, t)
    assert mean.item() == pytest.approx(want.sum() / (labels >= 0).sum())
    total = nn.FocalLoss(softmax=True, reduction="sum", **options)(x, t)
    assert total.item() == pytest.approx(want.sum())


def test_softmax_focal_of_one_position():
    y = F.softmax_focal_loss(mt.tensor(LOGITS[0, :, 0, 0]), mt.tensor(1))
    want = focal_loops(LOGITS[:1, :, 0, 0], np.array([1]), np.ones(3), 2.0)
    assert y.shape == () and y.item() == pytest.approx(want[0])


def test_focal_gradients():
    x = mt.tensor(LOGITS, requires_grad=True)
    t = mt.tensor(SHARES, requires_grad=True)
    check(lambda x, t: F.sigmoid_focal_loss(x, t, reduction="mean"), (x, t))
    alpha = mt.tensor([0.2, 0.5, 0.3], dtype=mt.float64)
    check(lambda x: F.softmax_focal_loss(x, mt.tensor(LABELS), alpha, 1.5), x)


def test_a_sure_right_answer_has_no_gradient():
    x = mt.tensor([[800.0, 0.0]], dtype=mt.float64, requires_grad=True)
    F.softmax_focal_loss(x, mt.tensor([0]), gamma=0.5).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0.0, 0.0]])


X, T = mt.tensor(SHARES), mt.tensor(LABELS)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.dice_loss(X, T, activation="relu"), ValueError, "no such activation"),
        (lambda: F.dice_loss(X, T[:1]), ValueError, "target has the shape of the input"),
        (lambda: F.dice_loss(X, T + 1), ValueError, "labels are 0 … 2"),
        (lambda: F.dice_loss(X[0, 0, 0], T), ValueError, r"input is \(N, C, …\)"),
        (lambda: F.dice_loss(X.long(), T), TypeError, "input is a float tensor"),
        (lambda: F.dice_loss(X, T, reduction="avg"), ValueError, "no such reduction"),
        (lambda: F.sigmoid_focal_loss(X, X, alpha=1.5), ValueError, "alpha is a share"),
        (lambda: F.sigmoid_focal_loss(X, X[0]), ValueError, "the shape of the input"),
        (lambda: F.sigmoid_focal_loss(X, X, reduction="avg"), ValueError, "no such reduction"),
        (lambda: F.sigmoid_focal_loss(X, T), ValueError, "the shape of the input"),
        (lambda: F.softmax_focal_loss(X, T + 1), ValueError, "out of range"),
        (lambda: F.softmax_focal_loss(X, T, mt.ones(2)), ValueError, "one number for each"),
        (lambda: F.softmax_focal_loss(X.long(), T), TypeError, "input is a float tensor"),
        (lambda: F.softmax_focal_loss(X, T, gamma="2"), TypeError, "gamma is a number"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
