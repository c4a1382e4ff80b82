"""What the engine promises at kinks and ties, where no derivative exists and samples stay away."""

import numpy as np
import pytest

from minitorch_cv.ops.catalog import op_named

TIED = np.array([1.0, 2.0, -3.0])


def gradients(name, *arrays, **params):
    op = op_named(name)
    y, saved = op.run(arrays, params)
    gy = np.arange(1.0, 1.0 + np.size(y[0] if op.extra_outputs else y))
    gy = gy.reshape(np.shape(y[0] if op.extra_outputs else y))
    return op.backward(gy, saved, [True] * len(arrays))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_ties_share_the_gradient_in_halves(name):
    ga, gb = gradients(name, TIED, TIED.copy())
    np.testing.assert_array_equal(ga, [0.5, 1.0, 1.5])
    np.testing.assert_array_equal(gb, [0.5, 1.0, 1.5])


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_tied_extrema_share_the_gradient_evenly(name):
    (gx,) = gradients(name, np.array([[5.0, 5.0, 5.0], [1.0, 1.0, 1.0]]), axis=1)
    np.testing.assert_allclose(gx, [[1 / 3] * 3, [2 / 3] * 3], rtol=1e-15)


@pytest.mark.parametrize("name", ["max", "min"])
def test_tied_extrema_along_an_axis_give_all_to_the_first(name):
    (gx,) = gradients(name, np.array([[5.0, 5.0], [1.0, 1.0]]), axis=1)
    np.testing.assert_array_equal(gx, [[1.0, 0.0], [2.0, 0.0]])


@pytest.mark.parametrize(
    "name, params, slope",
    [
        ("relu", {}, 0.0),
        ("leaky_relu", {"negative_slope": 0.3}, 0.3),
        ("elu", {"alpha": 0.4}, 0.4),
        ("abs", {}, 0.0),
        ("clamp", {"min": 0.0, "max": 1.0}, 1.0),
        ("clamp", {"min": -1.0, "max": 0.0}, 1.0),
        ("sign", {}, 0.0),
    ],
)
def test_slope_at_the_kink(name, params, slope):
    (gx,) = gradients(name, np.zeros(1), **params)
    np.testing.assert_array_equal(gx, [slope])


def test_prelu_takes_the_negative_side_at_zero():
    gx, gw = gradients("prelu", np.zeros((1, 1)), np.array([0.3]))
    np.testing.assert_array_equal(gx, [[0.3]])
    np.testing.assert_array_equal(gw, [0.0])


def test_pow_at_zero():
    """d/da a⁰ = 0, also at a = 0; d/db 0ᵇ = 0 for b > 0."""
    ga, gb = gradients("pow", np.array([0.0, 2.0, 0.0]), np.array([0.0, 0.0, 2.0]))
    np.testing.assert_array_equal(ga, [0.0, 0.0, 0.0])
    np.testing.assert_allclose(gb, [0.0, 2 * np.log(2), 0.0], rtol=1e-15)


def test_xlogy_where_a_is_zero():
    """0 log b = 0 for all b; the derivative in a is 0 where log b is not a number."""
    ga, gb = gradients("xlogy", np.zeros(3), np.array([0.0, -1.0, 2.0]))
    np.testing.assert_allclose(ga, [0.0, 0.0, 3 * np.log(2)], rtol=1e-15)
    np.testing.assert_array_equal(gb[1:], [0.0, 0.0])
