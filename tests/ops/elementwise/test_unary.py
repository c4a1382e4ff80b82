"""Values and derivatives at kinks, borders of the domain, and specials (PyTorch 2.13's answers)."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.unary import BY_NAME

INF, NAN = np.inf, np.nan


def both(name, x, **params):
    """(y, gx) for gy = 1."""
    with np.errstate(all="ignore"):
        x = np.array([x])
        y, saved = BY_NAME[name].run([x], params)
        return y[0], BY_NAME[name].differentiate(np.ones(1), saved, (True,))[0][0]


@pytest.mark.parametrize(
    ("name", "x", "y", "gx"),
    [
        ("abs", 0.0, 0.0, 0.0),
        ("abs", -INF, INF, -1.0),
        ("sign", 0.0, 0.0, 0.0),
        ("round", 0.5, 0.0, 0.0),
        ("round", 1.5, 2.0, 0.0),
        ("round", -2.5, -2.0, 0.0),
        ("floor", -0.5, -1.0, 0.0),
        ("ceil", -0.5, -0.0, 0.0),
        ("trunc", -1.7, -1.0, 0.0),
        ("sqrt", 0.0, 0.0, INF),
        ("sqrt", -1.0, NAN, NAN),
        ("log", 0.0, -INF, INF),
        ("log", -1.0, NAN, -1.0),
        ("log1p", -1.0, -INF, INF),
        ("reciprocal", 0.0, INF, -INF),
        ("rsqrt", 0.0, INF, -INF),
        ("exp", 1000.0, INF, INF),
        ("exp", -INF, 0.0, 0.0),
        ("tanh", INF, 1.0, 0.0),
        ("tanh", NAN, NAN, NAN),
        ("expm1", 1e-12, 1e-12, 1.0),
        ("log1p", 1e-12, 1e-12, 1.0),
    ],
)
def test_kinks_and_borders(name, x, y, gx):
    np.testing.assert_allclose(both(name, x), (y, gx), rtol=1e-10)


@pytest.mark.parametrize(
    ("x", "low", "high", "y", "gx"),
    [
        (-1.0, -1.0, 1.0, -1.0, 1.0),  # the gradient passes at the bounds
        (1.0, -1.0, 1.0, 1.0, 1.0),
        (2.0, -1.0, 1.0, 1.0, 0.0),
        (-2.0, None, 1.0, -2.0, 1.0),
        (-2.0, -1.0, None, -1.0, 0.0),
        (0.5, 1.0, 0.0, 0.0, 0.0),  # min > max: max wins
        (NAN, -1.0, 1.0, NAN, 0.0),
    ],
)
def test_clamp(x, low, high, y, gx):
    got = both("clamp", x, min=low, max=high)
    np.testing.assert_equal(got[0], y)
    if x == x:
        assert got[1] == gx
