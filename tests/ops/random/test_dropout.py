"""dropout: known answers, and its ends p = 0 and p = 1."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.random.dropout import OP, Saved, backward


def test_known_answer():
    x, mask = np.array([1.0, 2.0, 3.0]), np.array([True, False, True])
    np.testing.assert_array_equal(OP(x, mask, p=0.75), [4.0, 0.0, 12.0])
    gx, gmask = backward(np.array([1.0, 10.0, 100.0]), Saved(mask, 0.75), (True, False))
    np.testing.assert_array_equal(gx, [4.0, 0.0, 400.0])
    assert gmask is None


def test_nothing_dropped():
    x = np.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(OP(x, np.ones(3, bool), p=0.0), x)


def test_everything_dropped_gives_zeros_and_no_nan():
    for mask in (np.zeros(3, bool), np.ones(3, bool)):
        np.testing.assert_array_equal(OP(np.array([1.0, -2.0, 3.0]), mask, p=1.0), np.zeros(3))
        gx = backward(np.ones(3), Saved(mask, 1.0), (True, False))[0]
        np.testing.assert_array_equal(gx, np.zeros(3))


def test_a_mask_of_channels():
    x = np.ones((2, 3, 2, 2))
    mask = np.array([[1, 0, 1], [0, 0, 1]], bool)[:, :, None, None]
    y = OP(x, mask, p=0.5)
    np.testing.assert_array_equal(y[:, :, 0, 0], [[2, 0, 2], [0, 0, 2]])
    np.testing.assert_array_equal(y[:, :, 1, 1], y[:, :, 0, 0])


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_is_a_probability(p):
    with pytest.raises(ValueError, match=r"dropout: p is a probability \(got .*\); use 0 <= p"):
        OP(np.ones(3), np.ones(3, bool), p=p)


def test_the_mean_stays():
    rng = np.random.default_rng(0)
    y = OP(np.ones(100_000), rng.random(100_000) >= 0.3, p=0.3)
    assert abs(y.mean() - 1.0) < 0.01  # the standard error is 0.002
