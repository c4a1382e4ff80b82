"""local_response_norm: known answers, and where its window lies."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.norm.local_response_norm import OP, _window_sum


def run(channels, size, alpha=1.0, beta=1.0, k=0.0):
    x = np.array(channels, float)[None, :, None]
    return OP(x, size=size, alpha=alpha, beta=beta, k=k)[0, :, 0]


def test_known_answer():
    """size 1, α = 1, k = 0: x / x². k = 1, β = ½ and α = 3: 2 / √(1 + 3 · 4)."""
    np.testing.assert_allclose(run([2.0, 4.0], 1), [0.5, 0.25])
    np.testing.assert_allclose(run([2.0], 1, 3.0, 0.5, 1.0), [2 / 13**0.5])


def test_alpha_is_divided_by_the_size_even_at_the_edge():
    np.testing.assert_allclose(run([1.0, 2.0, 3.0], 3), [3 / 5, 6 / 14, 9 / 13])


def test_an_even_window_reaches_further_to_lower_channels():
    np.testing.assert_allclose(run([1.0, 2.0, 3.0], 2), [2 / 1, 4 / 5, 6 / 13])


def test_known_gradient():
    """size 1, k = 0, α = β = 1: y = 1 / x, gx = −gy / x²."""
    x = np.array([[[2.0], [4.0]]])
    _, saved = OP.run([x], {"size": 1, "alpha": 1.0, "beta": 1.0, "k": 0.0})
    gx = OP.backward(np.array([[[4.0], [32.0]]]), saved, (True,))[0]
    np.testing.assert_allclose(gx, [[[-1.0], [-2.0]]])


@pytest.mark.parametrize(
    ("before", "after", "sums"),
    [(0, 0, [1, 2, 4]), (1, 0, [1, 3, 6]), (0, 1, [3, 6, 4]), (5, 7, [7, 7, 7])],
)
def test_window_sum(before, after, sums):
    x = np.array([1.0, 2.0, 4.0])[None, :, None]
    np.testing.assert_array_equal(_window_sum(x, before, after)[0, :, 0], sums)


def test_half_precision_squares_in_float32():
    x = np.full((1, 1, 2), 600.0, np.float16)  # 360 000 is infinite in float16
    y = OP(x, size=1, alpha=1.0, beta=0.5, k=0.0)
    assert y.dtype == "float16"
    np.testing.assert_array_equal(y, np.ones((1, 1, 2)))
