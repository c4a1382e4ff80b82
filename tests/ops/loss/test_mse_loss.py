"""mse_loss: known answers, broadcasting with a warning, half precision."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from minitorch_cv.ops.loss.mse_loss import OP, Saved, backward

X, T = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [6.0, 4.0]])  # x − t: 0 2 −3 0


def test_known_answers():
    np.testing.assert_array_equal(OP(X, T, reduction="none"), [[0.0, 4.0], [9.0, 0.0]])
    assert OP(X, T, reduction="sum") == 13.0
    assert OP(X, T) == 3.25


def test_known_gradients():
    gx, gt = backward(np.array(2.0), Saved(X, T, "mean"), (True, True))
    np.testing.assert_array_equal(gx, [[0.0, 2.0], [-3.0, 0.0]])
    np.testing.assert_array_equal(gt, -gx)
    gx, gt = backward(np.array([[5.0, 5.0], [1.0, 5.0]]), Saved(X, T, "none"), (True, False))
    np.testing.assert_array_equal(gx, [[0.0, 20.0], [-6.0, 0.0]])
    assert gt is None


def test_two_shapes_are_broadcast_with_a_warning():
    with pytest.warns(UserWarning, match=r"target size \(2,\) differs from the input size"):
        y, saved = OP.run([X, np.array([1.0, 2.0])], {"reduction": "sum"})
    assert y == 0 + 0 + 4 + 4
    gx, gt = backward(np.array(1.0), saved, (True, True))
    np.testing.assert_array_equal(gx, [[0.0, 0.0], [4.0, 4.0]])
    np.testing.assert_array_equal(gt, [-4.0, -4.0])


def test_equal_shapes_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OP(X, T)


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(OP(X[:0], T[:0]))
    assert OP(X[:0], T[:0], reduction="sum") == 0.0
    gx = backward(np.array(1.0), Saved(X[:0], T[:0], "mean"), (True, False))[0]
    assert gx.shape == (0, 2)


def test_half_precision_is_added_up_in_float32():
    x, t = np.full(5000, 300.0, np.float16), np.zeros(5000, np.float16)
    assert OP(x[:3] / 10, t[:3]) == 900.0
    assert OP(x / 10, t) == 900.0  # the sum, 4.5 million, is beyond float16
    assert OP(x, t).dtype == "float16"
