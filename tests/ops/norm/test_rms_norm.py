"""rms_norm: known answers, and what eps None means."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.norm.rms_norm import OP


def run(x, weight=None, eps=0.0):
    return OP(x, weight, normalized_shape=x.shape[-1:], eps=eps)


def test_known_answer():
    """(1, 7): mean square 25, root 5."""
    np.testing.assert_allclose(run(np.array([1.0, 7.0])), [0.2, 1.4])
    np.testing.assert_allclose(run(np.array([1.0, 7.0]), np.array([5.0, -5.0])), [1.0, -7.0])


def test_the_mean_stays_in():
    np.testing.assert_allclose(run(np.array([3.0, 3.0, 3.0])), [1.0, 1.0, 1.0])


def test_known_gradients():
    """x = (1, 7), x̂ = (0.2, 1.4); gy = (5, 0): Σ gy x̂ / 2 = 0.5, gx = (gy − 0.5 x̂) / 5."""
    _, saved = OP.run([np.array([1.0, 7.0]), np.ones(2)], {"normalized_shape": (2,), "eps": 0.0})
    gx, gw = OP.backward(np.array([5.0, 0.0]), saved, (True, True))
    np.testing.assert_allclose(gx, [0.98, -0.14])
    np.testing.assert_allclose(gw, [1.0, 0.0])


@pytest.mark.parametrize(
    ("dtype", "eps"), [("float16", 2.0**-23), ("float32", 2.0**-23), ("float64", 2.0**-52)]
)
def test_eps_none(dtype, eps):
    """Where the mean square is eps, y is 1 / √2."""
    x = np.full(4, eps**0.5, dtype)
    y = run(x, eps=None)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, np.full(4, 0.5**0.5), rtol=1e-3)


def test_half_precision_does_not_overflow():
    y = run(np.full(4, 600.0, np.float16))  # squares of 360 000 are infinite in float16
    np.testing.assert_array_equal(y, np.ones(4))


def test_a_weight_of_another_dtype_leaves_the_dtype():
    x = np.ones(3, np.float32)
    _, saved = OP.run([x, np.ones(3)], {"normalized_shape": (3,), "eps": 0.0})
    gx, gw = OP.backward(x, saved, (True, True))
    assert run(x, np.ones(3)).dtype == gx.dtype == "float32" and gw.dtype == "float64"
