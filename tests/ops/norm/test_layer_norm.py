"""layer_norm: known answers, its accuracy, and half precision."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.norm.layer_norm import OP, centre

PLAIN = {"normalized_shape": (2,), "eps": 0.0}


def test_known_answer():
    """Row (1, 3): mean 2, biased variance 1. Row (0, 8): mean 4, biased variance 16."""
    x = np.array([[1.0, 3.0], [0.0, 8.0]])
    y = OP(x, np.array([2.0, 5.0]), np.array([0.5, 0.0]), **PLAIN)
    np.testing.assert_allclose(y, [[-1.5, 5.0], [-1.5, 5.0]])


def test_known_gradients():
    """x = (−1, 0, 1), v = 2/3, x̂ = x √(3/2); gy = (0, 3, 0): Σ gy = 3, Σ gy x̂ = 0."""
    x, w, b = np.array([[-1.0, 0.0, 1.0]]), np.ones(3), np.zeros(3)
    _, saved = OP.run([x, w, b], {"normalized_shape": (3,), "eps": 0.0})
    gx, gw, gb = OP.backward(np.array([[0.0, 3.0, 0.0]]), saved, (True,) * 3)
    np.testing.assert_allclose(gx, np.sqrt(1.5) * np.array([[-1.0, 2.0, -1.0]]))
    np.testing.assert_allclose(gw, [0, 0, 0])
    np.testing.assert_allclose(gb, [0, 3, 0])


def test_several_axes_are_one_long_axis():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 2, 3)), rng.normal(size=(2, 3))
    y = OP(x, w, None, normalized_shape=(2, 3), eps=1e-5)
    flat = OP(x.reshape(4, 6), w.reshape(6), None, normalized_shape=(6,), eps=1e-5)
    np.testing.assert_array_equal(y.reshape(4, 6), flat)


def test_one_value_becomes_the_bias():
    y = OP(np.array([[7.0]]), np.ones(1), np.array([3.0]), normalized_shape=(1,), eps=1e-5)
    np.testing.assert_array_equal(y, [[3.0]])


def test_a_large_mean_costs_no_accuracy():
    """E[x²] − E[x]² would lose all digits of this variance in float32."""
    x = (np.array([-1.0, 1.0] * 50) + 4096.0).astype(np.float32)
    y = OP(x, None, None, normalized_shape=(100,), eps=1e-5)
    np.testing.assert_allclose(y[:2], [-1.0, 1.0], rtol=1e-4)
    assert y.dtype == "float32"


def test_half_precision_with_float32_parameters():
    x = np.array([-600.0, 600.0], np.float16)  # a variance of 360 000 is infinite in float16
    one, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    y, saved = OP.run([x, one, zero], {"normalized_shape": (2,), "eps": 1e-5})
    np.testing.assert_allclose(y, [-1.0, 1.0])
    grads = OP.backward(np.ones(2, np.float16), saved, (True,) * 3)
    assert [y.dtype, *(g.dtype for g in grads)] == ["float16", "float16", "float32", "float32"]


def test_centre_of_nothing():
    centred, mean, var = centre(np.zeros((3, 0)), (1,))
    assert centred.shape == (3, 0)
    np.testing.assert_array_equal(mean, np.zeros((3, 1)))
    np.testing.assert_array_equal(var, np.zeros((3, 1)))


def test_the_message_says_what_to_do():
    with pytest.raises(ValueError, match=r"\(got x \(2, 3\), normalized_shape \(4,\)\); use e.g."):
        OP(np.ones((2, 3)), None, None, normalized_shape=(4,), eps=1e-5)
    with pytest.raises(ValueError, match=r"use nn.LayerNorm\(\[3\]\)"):
        OP(np.ones((2, 3)), np.ones(2), None, normalized_shape=(3,), eps=1e-5)
