"""linear: known answers, and what the messages advise."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.linalg.linear import OP

X = np.array([[1.0, 2, 3], [4, 5, 6]])
WEIGHT = np.array([[1.0, 0, 0], [1, 10, 100]])


def test_by_hand():
    y = OP(X, WEIGHT, np.array([0.5, 0]))
    np.testing.assert_array_equal(y, [[1.5, 321], [4.5, 654]])
    np.testing.assert_array_equal(OP(X[0], WEIGHT, None), [1, 321])


def test_gradients_by_hand():
    _, saved = OP.run((X, WEIGHT, np.zeros(2)), {})
    gx, gw, gb = OP.differentiate(np.array([[1.0, 0], [1, 2]]), saved, (True, True, True))
    np.testing.assert_array_equal(gx, [[1, 0, 0], [3, 20, 200]])
    np.testing.assert_array_equal(gw, [[5, 7, 9], [8, 10, 12]])
    np.testing.assert_array_equal(gb, [2, 2])


def test_leading_axes_add_up():
    x = np.broadcast_to(X, (4, 2, 3))
    _, saved = OP.run((x, WEIGHT, np.zeros(2)), {})
    _, gw, gb = OP.differentiate(np.ones((4, 2, 2)), saved, (False, True, True))
    np.testing.assert_array_equal(gw, [[20, 28, 36]] * 2)
    np.testing.assert_array_equal(gb, [8, 8])


@pytest.mark.parametrize(
    ("shape", "weight", "message"),
    [
        ((4, 5), (10, 12), "linear: weight expects 12 input features (got x (4, 5), weight "
         "(10, 12)); use nn.Linear(5, 10)"),
        ((4, 3, 2, 2), (10, 12), "linear: weight expects 12 input features (got x (4, 3, 2, 2), "
         "weight (10, 12)); flatten the images first: x.flatten(1) is (4, 12)"),
        ((4, 16, 5, 5), (120, 256), "linear: weight expects 256 input features (got x "
         "(4, 16, 5, 5), weight (120, 256)); flatten the images first, x.flatten(1), and use "
         "nn.Linear(400, 120)"),
    ],
)  # fmt: skip
def test_messages_in_full(shape, weight, message):
    with pytest.raises(ValueError) as error:
        OP(np.zeros(shape), np.zeros(weight), None)
    assert str(error.value) == message
