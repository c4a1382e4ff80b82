"""nll_loss: known answers and what the mean divides by."""

from __future__ import annotations

import numpy as np

from minitorch_cv.ops.loss.nll_loss import OP

X, T = np.array([[-1.0, -2.0, -4.0], [-8.0, -16.0, -32.0]]), np.array([2, 1])


def run(x, t, w=None, **params):
    """(y, gx) for an upstream gradient of ones."""
    y, saved = OP.run([x, t, w], params)
    return y, OP.backward(np.ones_like(y), saved, (True, False, False))[0]


def test_known_answers():
    np.testing.assert_array_equal(OP(X, T, None, reduction="none"), [4.0, 16.0])
    assert OP(X, T, None, reduction="sum") == 20.0
    assert OP(X, T, None) == 10.0


def test_known_gradient():
    gx = run(X, T)[1]
    np.testing.assert_array_equal(gx, [[0.0, 0.0, -0.5], [0.0, -0.5, 0.0]])


def test_mean_divides_by_the_weights_of_the_labels():
    y, gx = run(X, T, np.array([9.0, 3.0, 1.0]))
    assert y == (4.0 + 3 * 16.0) / 4
    np.testing.assert_array_equal(gx, [[0.0, 0.0, -0.25], [0.0, -0.75, 0.0]])


def test_ignored_positions():
    y, gx = run(X, np.array([2, -100]))
    assert y == 4.0
    np.testing.assert_array_equal(gx, [[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    y, gx = run(X, np.array([1, 1]), ignore_index=1)
    assert np.isnan(y)
    np.testing.assert_array_equal(gx, 0.0)


def test_only_the_label_is_read():
    x = np.array([[np.nan, -1.0, -np.inf]])
    assert OP(x, np.array([1]), None) == 1.0
    assert OP(x, np.array([2]), None) == np.inf


def test_an_ignored_position_may_hold_anything():
    for bad in (np.nan, -np.inf):
        y, gx = run(np.array([[bad] * 3, X[0]]), np.array([-100, 2]))
        assert y == 4.0
        np.testing.assert_array_equal(gx, [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


def test_upstream_gradient_of_each_position():
    _, saved = OP.run([X, T, None], {"reduction": "none"})
    gx = OP.backward(np.array([10.0, 100.0]), saved, (True, False, False))[0]
    np.testing.assert_array_equal(gx, [[0.0, 0.0, -10.0], [0.0, -100.0, 0.0]])


def test_a_label_that_changes_later_does_not_matter():
    """What backward needs of the labels is copied."""
    t = T.copy()
    _, saved = OP.run([X, t, None], {})
    t[:] = 0
    gx = OP.backward(np.array(1.0), saved, (True, False, False))[0]
    np.testing.assert_array_equal(gx, [[0.0, 0.0, -0.5], [0.0, -0.5, 0.0]])
