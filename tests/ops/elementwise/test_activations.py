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
def test_sigmoid_of_large_numbers():
    """Where e^−x overflows to ∞ its reciprocal is the right answer, 0, and no warning is seen."""
    y = BY_NAME["sigmoid"](np.array([1e4, -1e4, -700.0]))
    np.testing.assert_allclose(y, [1.0, 0.0, math.exp(-700.0)], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "params", "x", "y", "gx"),
    [
        ("celu", {"alpha": 2.0}, [-2.0, 0.0, 3.0], [2 * math.expm1(-1), 0, 3],
         [math.exp(-1), 1, 1]),
        ("hardtanh", {"min_val": -1.0, "max_val": 2.0}, [-3.0, -1.0, 0.5, 2.0, 5.0],
         [-1, -1, 0.5, 2, 2], [0, 0, 1, 0, 0]),
        ("threshold", {"threshold": 1.0, "value": 7.0}, [0.5, 1.0, 1.5], [7, 7, 1.5], [0, 0, 1]),
        ("hardshrink", {"lambd": 1.0}, [-2.0, -1.0, 0.5, 1.0, 2.0], [-2, 0, 0, 0, 2],
         [1, 0, 0, 0, 1]),
        ("softshrink", {"lambd": 1.0}, [-2.0, -1.0, 0.5, 1.0, 3.0], [-1, 0, 0, 0, 2],
         [1, 0, 0, 0, 1]),
        ("softsign", {}, [-3.0, 0.0, 1.0], [-0.75, 0, 0.5], [1 / 16, 1, 1 / 4]),
        ("hardsigmoid", {}, [-4.0, -3.0, 0.0, 1.5, 3.0], [0, 0, 0.5, 0.75, 1],
         [0, 0, 1 / 6, 1 / 6, 0]),
        ("hardswish", {}, [-4.0, -3.0, 0.0, 3.0, 4.0], [0, 0, 0, 3, 4], [0, 0, 0.5, 1, 1]),
        ("silu", {}, [0.0, math.log(3)], [0, 0.75 * math.log(3)],
         [0.5, 0.75 + 3 / 16 * math.log(3)]),
        ("softplus", {"beta": 2.0, "threshold": 20.0}, [0.0], [math.log(2) / 2], [0.5]),
        ("logsigmoid", {}, [0.0, math.log(3)], [-math.log(2), math.log(0.75)], [0.5, 0.25]),
        ("gelu", {"approximate": "none"}, [0.0], [0], [0.5]),
        ("gelu", {"approximate": "tanh"}, [0.0], [0], [0.5]),
        ("mish", {}, [0.0], [0], [0.6]),  # tanh(log 2) = 3/5
        ("tanhshrink", {}, [0.0], [0], [0]),
    ],
)  # fmt: skip
def test_known_answers(name, params, x, y, gx):
    got = run(name, np.array(x), np.ones(len(x)), **params)
    np.testing.assert_allclose(got[0], y, atol=1e-15)
    np.testing.assert_allclose(got[1], gx, atol=1e-15)


def test_selu_keeps_mean_and_variance():
    """Its two constants are made so that normal numbers keep mean 0 and variance 1."""
    x = np.random.default_rng(0).normal(size=10**6)
    y = BY_NAME["selu"](x)
    assert abs(y.mean()) < 5e-3 and abs(y.var() - 1) < 5e-3
    np.testing.assert_allclose(run("selu", np.zeros(1), np.ones(1))[1], [1.7580993408473766])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "params", "far_left", "far_right"),
    [
        ("logsigmoid", {}, -1e4, 0.0),
        ("softplus", {"beta": 1.0, "threshold": 20.0}, 0.0, 1e4),
        ("softplus", {"beta": 1.0, "threshold": 1e9}, 0.0, 1e4),
        ("silu", {}, 0.0, 1e4),
        ("mish", {}, 0.0, 1e4),
        ("gelu", {"approximate": "none"}, 0.0, 1e4),
        ("gelu", {"approximate": "tanh"}, 0.0, 1e4),
        ("selu", {}, -1.7580993408473766, 10507.009873554805),
        ("celu", {"alpha": 0.5}, -0.5, 1e4),
    ],
)
def test_large_numbers(name, params, far_left, far_right):
    y, gx = run(name, np.array([-1e4, 1e4]), np.ones(2), **params)
    np.testing.assert_allclose(y, [far_left, far_right], rtol=1e-12, atol=1e-300)
    assert np.isfinite(gx).all()


def test_logarithms_of_nearly_one_keep_their_digits():
    y = BY_NAME["logsigmoid"](np.array([40.0, 300.0]))
    np.testing.assert_allclose(y, [-math.exp(-40), -math.exp(-300)], rtol=1e-12)
    y = BY_NAME["softplus"](np.array([-40.0, -300.0]), beta=1.0, threshold=20.0)
    np.testing.assert_allclose(y, [math.exp(-40), math.exp(-300)], rtol=1e-12)
    y = BY_NAME["gelu"](np.array([-10.0, -30.0]), approximate="none")
    x = np.array([-10.0, -30.0])
    np.testing.assert_allclose(y, x * [math.erfc(-v / math.sqrt(2)) / 2 for v in x], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("celu", {"alpha": 0.0}, "celu: alpha is not 0"),
        ("hardtanh", {"min_val": 1.0, "max_val": 0.0}, "min_val is not above max_val"),
        ("softshrink", {"lambd": -1.0}, "lambd is not negative .got -1.0"),
        ("gelu", {"approximate": "erf"}, "approximate is 'none' or 'tanh' .got 'erf'"),
    ],
)
def test_arguments_without_a_meaning_are_refused(name, params, words):
    with pytest.raises(ValueError, match=words):
        BY_NAME[name](np.ones(2), **params)


def test_hardtanh_between_equal_limits_is_a_constant():
    y, gx = run("hardtanh", np.array([-1.0, 2.0, 5.0]), np.ones(3), min_val=2.0, max_val=2.0)
    np.testing.assert_array_equal(y, [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(gx, [0.0, 0.0, 0.0])


def test_softplus_is_the_identity_above_its_threshold():
    y, gx = run("softplus", np.array([1.4, 1.6]), np.ones(2), beta=2.0, threshold=3.0)
    assert y[0] != 1.4 and y[1] == 1.6
    assert gx[0] != 1.0 and gx[1] == 1.0


@pytest.mark.parametrize("name", BY_NAME)
def test_nan_stays_nan(name):
    zeros = {"leaky_relu": {"negative_slope": 0.0}, "elu": {"alpha": 0.0}}
    first = next(iter(BY_NAME[name].samples(np.random.default_rng(0)))).params
    params = zeros.get(name, first)
    assert np.isnan(run(name, np.array([np.nan]), np.ones(1), **params)[0])


def test_integers_are_refused_where_the_result_would_be_cut_off():
    for name, params in (("sigmoid", {}), ("elu", {"alpha": 1.0}),
                         ("leaky_relu", {"negative_slope": 0.1})):  # fmt: skip
        with pytest.raises(TypeError, match=rf"{name}: x is a float tensor \(got int64\)"):
            BY_NAME[name](np.array([1, 2]), **params)
    assert BY_NAME["relu"](np.array([-1, 2])).dtype == "int64"
