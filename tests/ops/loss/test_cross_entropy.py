"""cross_entropy: known answers, what the mean divides by, labels out of range."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch_cv.autograd import tensor
from minitorch_cv.ops.loss.cross_entropy import OP
from minitorch_cv.ops.loss.nll_loss import OP as NLL_LOSS

X = np.log(np.array([[1.0, 2.0, 5.0], [4.0, 2.0, 2.0]]))  # p = (1, 2, 5) / 8 and (4, 2, 2) / 8
P = np.array([[1.0, 2.0, 5.0], [4.0, 2.0, 2.0]]) / 8
T = np.array([2, 0])


def run(x, t, w=None, **params):
    """(y, gx) for an upstream gradient of ones."""
    y, saved = OP.run([x, t, w], params)
    gx = OP.backward(np.ones_like(y), saved, (True, False, False))[0]
    return y, gx


def test_known_answers():
    losses = -np.log([5 / 8, 4 / 8])
    for reduction, y in (("none", losses), ("sum", losses.sum()), ("mean", losses.mean())):
        np.testing.assert_allclose(OP(X, T, None, reduction=reduction), y)


def test_known_gradient():
    """p − one-hot, over the number of rows for the mean."""
    hot = np.eye(3)[T]
    np.testing.assert_allclose(run(X, T, reduction="sum")[1], P - hot)
    np.testing.assert_allclose(run(X, T)[1], (P - hot) / 2)


def test_equal_scores_cost_the_logarithm_of_the_number_of_classes():
    assert math.isclose(OP(np.zeros((7, 10)), np.arange(7), None), math.log(10))


def test_mean_divides_by_the_weights_of_the_labels():
    w = np.array([3.0, 100.0, 1.0])
    y, gx = run(X, T, w)
    assert math.isclose(y, (-math.log(5 / 8) - 3 * math.log(4 / 8)) / 4)
    np.testing.assert_allclose(gx, (P - np.eye(3)[T]) * np.array([[1.0], [3.0]]) / 4)


def test_ignored_positions_count_in_no_way():
    x = np.vstack([X, [[9.0, -9.0, 3.0]]])
    y, gx = run(x, np.array([2, 0, -100]))
    assert math.isclose(y, run(X, T)[0])
    np.testing.assert_allclose(gx[:2], run(X, T)[1])
    np.testing.assert_array_equal(gx[2], 0.0)
    assert OP(x, np.array([2, 0, 1]), None, ignore_index=1, reduction="none")[2] == 0.0


def test_label_smoothing_known_answer():
    """q = 0.7 one-hot + 0.1 for each of three classes."""
    y = OP(X[:1], T[:1], None, label_smoothing=0.3)
    assert math.isclose(y, -(0.1 * math.log(1 / 8) + 0.1 * math.log(2 / 8) + 0.8 * math.log(5 / 8)))
    gx = run(X[:1], T[:1], label_smoothing=0.3)[1]
    np.testing.assert_allclose(gx, P[:1] - [[0.1, 0.1, 0.8]])


def test_smoothing_divides_by_the_weights_of_the_labels_too():
    w = np.array([2.0, 3.0, 5.0])
    y = OP(X, T, w, label_smoothing=0.3)
    logp = np.log(P)
    plain = -(5 * logp[0, 2] + 2 * logp[1, 0])
    spread = -(logp * w).sum() / 3
    assert math.isclose(y, (0.7 * plain + 0.3 * spread) / 7)


def test_probabilities_divide_by_the_number_of_positions():
    q, w = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]), np.array([2.0, 3.0, 5.0])
    y = OP(X, q, w)
    assert math.isclose(y, -(np.log(P) * q * w).sum() / 2)


def test_one_hot_probabilities_are_labels():
    hot = np.eye(3)[T]
    np.testing.assert_allclose(OP(X, hot, None), OP(X, T, None))
    np.testing.assert_allclose(run(X, hot)[1], run(X, T)[1])


def test_gradient_of_probabilities():
    _, saved = OP.run([X, P, None], {"reduction": "sum", "label_smoothing": 0.25})
    gx, gq, gw = OP.backward(np.array(2.0), saved, (False, True, False))
    np.testing.assert_allclose(gq, -2.0 * 0.75 * np.log(P))
    assert gx is None and gw is None


def test_each_gradient_has_the_dtype_of_its_input():
    y, saved = OP.run([X.astype(np.float32), P, None], {})
    gx, gq, _ = OP.backward(np.ones_like(y), saved, (True, True, False))
    assert (y.dtype, gx.dtype, gq.dtype) == ("float64", "float32", "float64")


def test_pixels_are_positions():
    image = np.moveaxis(np.stack([X, X[::-1]]), -1, 1)  # (2, 3, 2)
    t = np.array([[2, 0], [1, 1]])
    y = OP(image, t, None, reduction="none")
    np.testing.assert_allclose(y, -np.log([[5 / 8, 4 / 8], [2 / 8, 2 / 8]]))


def test_nothing_counts():
    """The mean of nothing is NaN; the gradient is 0, so that a step changes nothing."""
    for t in (np.array([-100, -100]), np.array([1, 1])):
        y, gx = run(X, t, ignore_index=int(t[0]))
        assert np.isnan(y)
        np.testing.assert_array_equal(gx, 0.0)
    assert np.isnan(OP(X[:0], T[:0], None)) and OP(X[:0], T[:0], None, reduction="sum") == 0


def test_extreme_scores_give_exact_losses():
    x = np.array([[1000.0, 0.0], [-1000.0, 0.0]])
    np.testing.assert_array_equal(OP(x, np.array([1, 0]), None, reduction="none"), [1000, 1000])
    np.testing.assert_array_equal(OP(x, np.array([0, 1]), None, reduction="none"), [0, 0])
    np.testing.assert_array_equal(run(x, np.array([1, 0]), reduction="sum")[1], [[1, -1], [-1, 1]])


def test_an_impossible_class_that_is_not_the_label_costs_nothing():
    x = np.array([[-np.inf, 0.0, 0.0]])
    assert math.isclose(OP(x, np.array([1]), None), math.log(2))
    assert OP(x, np.array([0]), None) == np.inf


@pytest.mark.parametrize("op", [OP, NLL_LOSS])
def test_a_label_out_of_range_is_named_with_its_position(op):
    t = np.zeros((2, 4, 4), np.int64)
    t[1, 2, 3] = 21
    words = r"label 21 at position \(1, 2, 3\) is out of range for 21 classes; labels are 0 … 20"
    with pytest.raises(ValueError, match=f"{op.name}: {words}, or ignore_index=-100"):
        op(np.zeros((2, 21, 4, 4)), t, None)
    with pytest.raises(ValueError, match="label -1 at position 2 is out of range"):
        op(np.zeros((3, 2)), np.array([-100, 1, -1]), None)
    with pytest.raises(ValueError, match="label -100 at position 0"):
        op(np.zeros((3, 2)), np.array([-100, 1, 1]), None, ignore_index=255)


def test_labels_changed_after_the_forward_pass_do_not_corrupt_the_gradient():
    x, t = tensor(X, requires_grad=True), tensor(np.array(T))
    y = OP(x, t, None)
    t += 1
    with pytest.raises(RuntimeError, match="cross_entropy: a tensor that its backward needs"):
        y.backward()
