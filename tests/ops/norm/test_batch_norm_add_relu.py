"""batch_norm_add_relu: known answers, and the same as its three steps."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.ops.norm.batch_norm_add_relu import OP


def test_known_answer():
    """x̂ = (−1, 1) and (−1, 1); twice that, plus 0.5."""
    x, z = np.array([[1.0, 0.0], [3.0, 8.0]]), np.array([[1.5, 2.0], [-3.0, 1.0]])
    two, half = np.full(2, 2.0), np.full(2, 0.5)
    y, mean, var = OP(x, z, two, half, None, None, training=True, eps=1e-12)
    np.testing.assert_allclose(y, [[0.0, 0.5], [0.0, 3.5]], atol=1e-11)
    np.testing.assert_allclose(mean, [2.0, 4.0])
    np.testing.assert_allclose(var, [1.0, 16.0])


def test_known_gradients_in_evaluation():
    """y = 2 x + z: gx = 2 gy where that is positive; at 0 it is 0."""
    x, z = np.array([[1.0], [-1.0], [0.5]]), np.array([[0.5], [1.0], [-1.0]])
    given = (np.array([2.0]), None, np.zeros(1), np.ones(1))
    _, saved = OP.run([x, z, *given], {"training": False, "eps": 0.0})
    gy = np.array([[3.0], [5.0], [7.0]])
    gx, gz, gw, *rest = OP.backward(gy, saved, (True,) * 3 + (False,) * 3)
    np.testing.assert_array_equal(gz, [[3.0], [0.0], [0.0]])
    np.testing.assert_array_equal(gx, 2 * gz)
    np.testing.assert_array_equal(gw, [3.0])
    assert rest == [None, None, None]


@pytest.mark.parametrize("training", [True, False])
def test_same_as_three_steps(training):
    results = []
    for fused in (True, False):
        norm, rng = nn.BatchNorm2d(4).double(), np.random.default_rng(0)
        with mt.no_grad():
            norm.weight.copy_(mt.tensor([0.5, -1.0, 2.0, 1.0]))
        x, z = (mt.tensor(rng.normal(size=(3, 4, 5, 2)), requires_grad=True) for _ in range(2))
        given = (norm.running_mean, norm.running_var, norm.weight, norm.bias, training)
        y = F.batch_norm_add_relu(x, z, *given) if fused else F.relu(F.batch_norm(x, *given) + z)
        (y * mt.tensor(rng.normal(size=y.shape))).sum().backward()
        tensors = (y, x.grad, z.grad, norm.weight.grad, norm.bias.grad, *given[:2])
        results.append([t.detach().numpy() for t in tensors])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_nan_goes_on():
    x = np.array([[1.0], [3.0]])
    y = OP(x, np.array([[np.nan], [0.0]]), None, None, None, None, training=True, eps=1e-5)[0]
    assert np.isnan(y[0, 0]) and y[1, 0] > 0
