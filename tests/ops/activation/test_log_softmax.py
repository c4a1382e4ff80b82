"""log_softmax: known answers, accuracy where the logarithm of softmax has none, special values."""

from __future__ import annotations

import math

import numpy as np

from minitorch_cv.ops.activation.log_softmax import OP, Saved, backward


def test_known_answer():
    x = np.log(np.array([[1.0, 2.0, 5.0]])) + 7.0
    np.testing.assert_allclose(OP(x, axis=1), np.log([[1 / 8, 2 / 8, 5 / 8]]))


def test_known_gradient():
    """gx = gy − p Σ gy with p = (1/4, 3/4)."""
    saved = Saved(np.log(np.array([0.25, 0.75])), (0,))
    (gx,) = backward(np.array([1.0, 3.0]), saved, (True,))
    np.testing.assert_allclose(gx, [0.0, 0.0], atol=1e-15)
    (gx,) = backward(np.array([1.0, 0.0]), saved, (True,))
    np.testing.assert_allclose(gx, [0.75, -0.75])


def test_exact_where_softmax_rounds_to_zero_or_one():
    y = OP(np.array([0.0, 1000.0]), axis=0)
    np.testing.assert_array_equal(y, [-1000.0, 0.0])
    assert math.isclose(OP(np.array([0.0, 30.0]), axis=0)[1], -math.exp(-30.0), rel_tol=1e-2)


def test_half_precision():
    """Added up in float16 line by line, 4096 ones would stop at 2048."""
    y = OP(np.zeros((4096, 2), np.float16), axis=0)
    np.testing.assert_array_equal(y, np.full((4096, 2), np.float16(-math.log(4096))))


def test_infinite_entries():
    inf = np.inf
    np.testing.assert_allclose(OP(np.array([-inf, 0.0, 0.0]), axis=0), [-inf, *[-math.log(2)] * 2])
    for line in ([-inf, -inf], [inf, 0.0], [np.nan, 0.0]):
        assert np.isnan(OP(np.array(line), axis=0)).all()


def test_gradient_of_an_impossible_class():
    """e^y = 0 there: the class gets its own gradient and nothing of the others'."""
    saved = OP.run([np.array([-np.inf, 0.0])], {"axis": 0})[1]
    (gx,) = backward(np.array([2.0, 3.0]), saved, (True,))
    np.testing.assert_array_equal(gx, [2.0, -2.0])
