"""prelu: known answers, the kink, and which slope belongs to which channel."""

from __future__ import annotations

import numpy as np

from minitorch_cv.ops.activation.prelu import OP, Saved, backward


def test_known_answer_per_channel():
    x = np.array([[1.0, -2.0, -4.0], [-1.0, 3.0, 0.0]])
    w = np.array([0.5, 0.25, 2.0])
    np.testing.assert_array_equal(OP(x, w), [[1.0, -0.5, -8.0], [-0.5, 3.0, 0.0]])
    gx, gw = backward(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Saved(x, w), (True, True))
    np.testing.assert_array_equal(gx, [[1.0, 0.5, 6.0], [2.0, 5.0, 12.0]])
    np.testing.assert_array_equal(gw, [-4.0, -4.0, -12.0])  # x gy over the x ≤ 0 of a column


def test_channels_are_axis_1():
    x = -np.ones((2, 3, 4, 4))
    y = OP(x, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(y[0, :, 0, 0], [-1.0, -2.0, -3.0])
    gw = backward(np.ones_like(x), Saved(x, np.zeros(3)), (False, True))[1]
    np.testing.assert_array_equal(gw, [-32.0] * 3)


def test_derivative_in_zero_is_the_slope():
    x, w = np.array([0.0, -0.0]), np.array([0.25])
    gx, gw = backward(np.ones(2), Saved(x, w), (True, True))
    np.testing.assert_array_equal(gx, [0.25, 0.25])
    np.testing.assert_array_equal(gw, [0.0])


def test_slope_gradient_keeps_its_shape():
    for shape in ((), (1,)):
        gw = backward(np.ones(3), Saved(-np.ones(3), np.zeros(shape)), (False, True))[1]
        assert gw.shape == shape and gw.sum() == -3.0
