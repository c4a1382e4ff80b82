"""The activation rows: known answers, gradients at the kink, and where exponentials overflow."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.activations import BY_NAME

X = np.array([-2.0, -0.0, 0.0, 3.0])
GY = np.array([1.0, 2.0, 4.0, 8.0])


def run(name, x, gy, **params):
    y, saved = BY_NAME[name].run([x], params)
    return y, BY_NAME[name].differentiate(gy, saved, (True,))[0]


def test_relu():
    y, gx = run("relu", X, GY)
    np.testing.assert_array_equal(y, [0.0, 0.0, 0.0, 3.0])
    np.testing.assert_array_equal(gx, [0.0, 0.0, 0.0, 8.0])


def test_relu_stops_even_infinite_gradients():
    gx = run("relu", np.array([-1.0, -1.0, 1.0]), np.array([np.inf, np.nan, np.inf]))[1]
    np.testing.assert_array_equal(gx, [0.0, 0.0, np.inf])


def test_leaky_relu():
    y, gx = run("leaky_relu", X, GY, negative_slope=0.25)
    np.testing.assert_array_equal(y, [-0.5, 0.0, 0.0, 3.0])
    np.testing.assert_array_equal(gx, [0.25, 0.5, 1.0, 8.0])


def test_elu():
    y, gx = run("elu", X, GY, alpha=0.5)
    np.testing.assert_allclose(y, [0.5 * (math.exp(-2) - 1), 0.0, 0.0, 3.0])
    np.testing.assert_allclose(gx, [0.5 * math.exp(-2), 1.0, 2.0, 8.0])


def test_elu_of_a_large_number_is_itself():
    """e^x would overflow: the branch that is not taken must not be computed from x."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, saved = BY_NAME["elu"].forward(np.array([1e4, -1e4]), alpha=1.0)
    np.testing.assert_array_equal(y, [1e4, -1.0])
    gx = BY_NAME["elu"].backward(np.ones(2), saved, (True,))[0]
    np.testing.assert_array_equal(gx, [1.0, 0.0])


def test_sigmoid():
    y, gx = run("sigmoid", np.array([0.0, math.log(3), -math.log(3)]), np.array([1.0, 1.0, 16.0]))
    np.testing.assert_allclose(y, [1 / 2, 3 / 4, 1 / 4])
    np.testing.assert_allclose(gx, [1 / 4, 3 / 16, 3.0])


@pytest.mark.filterwarnings("error")
def test_sigmoid_does_not_overflow():
    y, _ = BY_NAME["sigmoid"].forward(np.array([1e4, -1e4, -700.0]))
    np.testing.assert_allclose(y, [1.0, 0.0, math.exp(-700.0)], rtol=1e-12)


@pytest.mark.parametrize("name", BY_NAME)
def test_nan_stays_nan(name):
    params = {"leaky_relu": {"negative_slope": 0.0}, "elu": {"alpha": 0.0}}.get(name, {})
    assert np.isnan(run(name, np.array([np.nan]), np.ones(1), **params)[0])


def test_integers_are_refused_where_the_result_would_be_cut_off():
    for name, params in (("sigmoid", {}), ("elu", {"alpha": 1.0}),
                         ("leaky_relu", {"negative_slope": 0.1})):  # fmt: skip
        with pytest.raises(TypeError, match=rf"{name}: x is a float tensor \(got int64\)"):
            BY_NAME[name](np.array([1, 2]), **params)
    assert BY_NAME["relu"](np.array([-1, 2])).dtype == "int64"
