"""l1_loss: known answers, the kink, broadcasting with a warning."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.loss.l1_loss import OP, Saved, backward

X, T = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [6.0, 4.0]])  # x − t: 0 2 −3 0


def test_known_answers():
    np.testing.assert_array_equal(OP(X, T, reduction="none"), [[0.0, 2.0], [3.0, 0.0]])
    assert OP(X, T, reduction="sum") == 5.0
    assert OP(X, T) == 1.25


def test_known_gradients_and_none_where_x_hits_the_target():
    gx, gt = backward(np.array(2.0), Saved(X, T, "mean"), (True, True))
    np.testing.assert_array_equal(gx, [[0.0, 0.5], [-0.5, 0.0]])
    np.testing.assert_array_equal(gt, -gx)
    gx, _ = backward(np.array([[5.0, 7.0], [1.0, 5.0]]), Saved(X, T, "none"), (True, False))
    np.testing.assert_array_equal(gx, [[0.0, 7.0], [-1.0, 0.0]])


def test_two_shapes_are_broadcast_with_a_warning():
    with pytest.warns(UserWarning, match=r"target size \(2,\) differs from the input size"):
        y, saved = OP.run([X, np.array([1.0, 2.0])], {"reduction": "sum"})
    assert y == 0 + 0 + 2 + 2
    gx, gt = backward(np.array(1.0), saved, (True, True))
    np.testing.assert_array_equal(gx, [[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(gt, [-1.0, -1.0])


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(OP(X[:0], T[:0]))
    assert OP(X[:0], T[:0], reduction="sum") == 0.0


def test_half_precision_is_added_up_in_float32():
    x = np.full(5000, 300.0, np.float16)
    assert OP(x, np.zeros_like(x)) == 300.0  # the sum, 1.5 million, is beyond float16


def test_nan_has_no_slope():
    gx, gt = backward(np.ones(1), Saved(np.array([np.nan]), np.zeros(1), "none"), (True, True))
    assert gx[0] == 0 and gt[0] == 0
