"""group_norm: known answers, the two ends of the number of groups, and what it returns beside y."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.norm.group_norm import OP
from minitorch_cv.ops.norm.layer_norm import OP as LAYER_NORM


def run(x, weight=None, bias=None, groups=2, eps=1e-5):
    return OP(x, weight, bias, num_groups=groups, eps=eps)


def test_known_answer():
    """Channels (1, 3) are a group of mean 2 and variance 1, (0, 8) one of mean 4, variance 16."""
    x, w, b = np.array([[1.0, 3, 0, 8]]), np.array([1.0, 2, 3, 4]), np.array([0.0, 0, 0, 10])
    y, mean, var = run(x, w, b, eps=0.0)
    np.testing.assert_allclose(y, [[-1.0, 2.0, -3.0, 14.0]])
    np.testing.assert_allclose(mean, [[2.0, 4.0]])
    np.testing.assert_allclose(var, [[1.0, 16.0]])


def test_known_gradients():
    """One group x = (−1, 0, 1), v = 2/3; gy = (0, 3, 0): Σ gy = 3, Σ gy x̂ = 0."""
    x = np.array([[[-1.0, 0.0, 1.0]]])
    _, saved = OP.run([x, np.ones(1), np.zeros(1)], {"num_groups": 1, "eps": 0.0})
    gx, gw, gb = OP.backward(np.array([[[0.0, 3.0, 0.0]]]), saved, (True,) * 3)
    np.testing.assert_allclose(gx, np.sqrt(1.5) * np.array([[[-1.0, 2.0, -1.0]]]))
    np.testing.assert_allclose(gw, [0.0])
    np.testing.assert_allclose(gb, [3.0])


def test_one_group_is_layer_normalisation():
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    expected = LAYER_NORM(x, None, None, normalized_shape=(4, 2), eps=1e-5)
    np.testing.assert_allclose(run(x, groups=1)[0], expected, rtol=1e-12)


def test_a_group_for_each_channel_is_instance_normalisation():
    x = np.random.default_rng(0).normal(2.0, 3.0, size=(3, 4, 5, 6))
    y, mean, var = run(x, groups=4, eps=0.0)
    np.testing.assert_allclose(y.mean((2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((2, 3)), 1)
    np.testing.assert_allclose(mean, x.mean((2, 3)))
    np.testing.assert_allclose(var, x.var((2, 3)))


def test_groups_are_neighbouring_channels():
    x = np.random.default_rng(0).normal(size=(2, 6, 3))
    y = run(x, groups=3)[0]
    for first in (0, 2, 4):
        part = run(x[:, first : first + 2], groups=1)[0]
        np.testing.assert_allclose(y[:, first : first + 2], part, rtol=1e-12)


def test_half_precision_with_float32_parameters():
    x = np.array([[[-600.0, 600.0]]], np.float16)  # a variance of 360 000 is infinite in float16
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    (y, mean, var), saved = OP.run([x, one, zero], {"num_groups": 1, "eps": 1e-5})
    np.testing.assert_array_equal(var, [[360_000.0]])
    np.testing.assert_allclose(y, [[[-1.0, 1.0]]])
    grads = OP.backward(np.ones((1, 1, 2), np.float16), saved, (True,) * 3)
    assert [v.dtype for v in (y, mean, var)] == ["float16", "float32", "float32"]
    assert [g.dtype for g in grads] == ["float16", "float32", "float32"]


def test_the_message_says_what_to_do():
    with pytest.raises(ValueError, match=r"x \(2, 4\), num_groups=3\); use a divisor of 4"):
        run(np.ones((2, 4)), groups=3)
    with pytest.raises(ValueError, match=r"more than 1 value per group \(got x \(1, 4\)"):
        run(np.ones((1, 4)), groups=4)
