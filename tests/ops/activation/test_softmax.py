"""softmax: known answers and special values."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.activation.softmax import OP, Saved, backward


def test_known_answer():
    x = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]]))
    np.testing.assert_allclose(OP(x, axis=1), [[1 / 8, 2 / 8, 5 / 8], [3 / 8, 3 / 8, 2 / 8]])
    np.testing.assert_allclose(OP(x, axis=0)[:, 0], [1 / 4, 3 / 4])


def test_known_gradient():
    """dy_0 of y = (1/4, 3/4) is y_0 (1 − y_0) = 3/16 with respect to x_0 and −y_0 y_1 to x_1."""
    saved = Saved(np.array([0.25, 0.75]), (0,))
    (gx,) = backward(np.array([1.0, 0.0]), saved, (True,))
    np.testing.assert_allclose(gx, [3 / 16, -3 / 16])


def test_a_shift_changes_nothing_and_nothing_overflows():
    x = np.array([0.0, 1.0, 2.0])
    for shift in (-1e5, 700.0, 1e5):
        np.testing.assert_allclose(OP(x + shift, axis=0), OP(x, axis=0), rtol=1e-10)
    y = OP(np.array([1e308, 0.0]), axis=0)
    np.testing.assert_array_equal(y, [1.0, 0.0])


def test_infinite_entries():
    inf = np.inf
    np.testing.assert_array_equal(OP(np.array([-inf, 0.0, 0.0]), axis=0), [0, 0.5, 0.5])
    for line in ([-inf, -inf], [inf, 0.0], [np.nan, 0.0]):
        assert np.isnan(OP(np.array(line), axis=0)).all()


def test_probabilities_sum_to_one_in_half_precision():
    """Added up in float16 line by line, 4096 ones would stop at 2048."""
    y = OP(np.zeros((4096, 2), np.float16), axis=0)
    np.testing.assert_array_equal(y, np.full((4096, 2), 1 / 4096))


def test_the_axis_is_one_integer():
    with pytest.raises(TypeError, match=r"softmax: dim is one integer \(got True\)"):
        OP(np.zeros((2, 3)), axis=True)
