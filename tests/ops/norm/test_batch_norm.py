"""batch_norm: known answers, the statistics it returns, and its accuracy."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.norm.batch_norm import OP, values_per_channel

TRAIN, EVALUATE = {"training": True, "eps": 1e-12}, {"training": False, "eps": 0.0}


def test_known_answer_in_training():
    """Column (1, 3): mean 2, biased variance 1. Column (0, 8): mean 4, biased variance 16."""
    x = np.array([[1.0, 0.0], [3.0, 8.0]])
    y, mean, var = OP(x, np.array([2.0, 1.0]), np.array([0.5, 0.0]), None, None, **TRAIN)
    np.testing.assert_allclose(y, [[-1.5, -1.0], [2.5, 1.0]])
    np.testing.assert_allclose(mean, [2.0, 4.0])
    np.testing.assert_allclose(var, [1.0, 16.0])


def test_known_answer_in_evaluation():
    x = np.array([[1.0, 0.0], [3.0, 8.0]])
    mean, var = np.array([1.0, -2.0]), np.array([4.0, 0.25])
    y, m, v = OP(x, None, np.array([0.0, 1.0]), mean, var, **EVALUATE)
    np.testing.assert_allclose(y, [[0.0, 5.0], [1.0, 21.0]])
    np.testing.assert_array_equal(m, mean)
    np.testing.assert_array_equal(v, var)


def test_known_gradients_in_training():
    """x̂ = (−1, 1), 1/σ = 1, n = 2. Any gy is a constant plus a multiple of x̂: nothing is left."""
    x = np.array([[1.0], [3.0]])
    _, saved = OP.run([x, np.array([2.0]), np.array([0.0]), None, None], TRAIN)
    gx, gw, gb, *rest = OP.backward(np.array([[1.0], [4.0]]), saved, (True,) * 3 + (False,) * 2)
    np.testing.assert_allclose(gx, [[0.0], [0.0]], atol=1e-11)
    np.testing.assert_allclose(gw, [3.0])
    np.testing.assert_allclose(gb, [5.0])
    assert rest == [None, None]


def test_known_gradient_with_three_values():
    """x = (−1, 0, 1), v = 2/3, x̂ = x √(3/2); gy = (0, 3, 0): Σ gy = 3, Σ gy x̂ = 0."""
    x = np.array([[-1.0], [0.0], [1.0]])
    _, saved = OP.run([x, None, None, None, None], TRAIN)
    gx = OP.backward(np.array([[0.0], [3.0], [0.0]]), saved, (True,) + (False,) * 4)[0]
    np.testing.assert_allclose(gx, np.sqrt(1.5) * np.array([[-1.0], [2.0], [-1.0]]))


def test_known_gradient_in_evaluation():
    """Statistics are constants: gx = γ gy / √v."""
    x, w = np.array([[1.0], [3.0]]), np.array([3.0])
    _, saved = OP.run([x, w, None, np.array([1.0]), np.array([4.0])], EVALUATE)
    gx, gw, gb, *_ = OP.backward(np.array([[2.0], [4.0]]), saved, (True, True, False, False, False))
    np.testing.assert_allclose(gx, [[3.0], [6.0]])
    np.testing.assert_allclose(gw, [4.0])
    assert gb is None


def test_a_large_mean_costs_no_accuracy():
    """E[x²] − E[x]² would lose all digits of this variance in float32."""
    x = (np.array([[-1.0], [1.0]] * 50) + 4096.0).astype(np.float32)
    y, mean, var = OP(x, None, None, None, None, training=True, eps=1e-5)
    assert mean[0] == 4096 and var[0] == 1
    np.testing.assert_allclose(y[:2, 0], [-1.0, 1.0], rtol=1e-4)
    assert y.dtype == mean.dtype == var.dtype == "float32"


def test_half_precision_with_float32_parameters():
    x = np.array([[-600.0], [600.0]], np.float16)  # a variance of 360 000 is infinite in float16
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    y, mean, var = OP(x, one, zero, zero, one, training=True, eps=1e-5)
    assert (y.dtype, mean.dtype, var.dtype) == ("float16", "float32", "float32")
    np.testing.assert_array_equal(var, [360_000.0])
    np.testing.assert_allclose(y, [[-1.0], [1.0]])


def test_eps_is_added_to_the_variance():
    y = OP(np.array([[-1.0], [1.0]]), None, None, None, None, training=True, eps=3.0)[0]
    np.testing.assert_allclose(y, [[-0.5], [0.5]])  # 1 / √(1 + 3)


def test_running_statistics_are_only_read():
    mean, var = np.zeros(1), np.ones(1)
    OP(np.array([[1.0], [3.0]]), None, None, mean, var, **TRAIN)
    assert mean[0] == 0 and var[0] == 1


def test_values_per_channel():
    assert values_per_channel((5, 3)) == 5
    assert values_per_channel((5, 3, 2, 7)) == 70
    assert values_per_channel((0, 3, 2)) == 0


def test_one_value_per_channel_says_what_to_do():
    with pytest.raises(ValueError, match=r"more than 1 value .*\(got x \(1, 3\)\); use a larger"):
        OP(np.zeros((1, 3)), None, None, None, None, training=True, eps=1e-5)
