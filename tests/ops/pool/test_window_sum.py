"""window_sum and window_spread: known answers, and that they are adjoint."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.window_sum import OP, WINDOW_SPREAD

SPANS = {"spans": (((0, 2), (1, 3)), ((0, 1), (0, 3), (2, 2)))}


def test_sums():
    x = np.array([[1.0, 2, 3], [10, 20, 30], [100, 200, 300]])
    np.testing.assert_array_equal(OP(x, **SPANS), [[11, 66, 0], [110, 660, 0]])


def test_spread():
    x = np.array([[1.0, 10, 5], [100, 1000, 5]])
    y = WINDOW_SPREAD(x, **SPANS, size=(3, 3))
    np.testing.assert_array_equal(y, [[11, 10, 10], [1111, 1010, 1010], [1100, 1000, 1000]])


def test_one_axis_and_three():
    x = np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_array_equal(OP(x, spans=(((0, 2), (1, 2)),))[0, 0], [1, 1])
    whole = (((0, 2),),) * 3
    assert OP(x, spans=whole).tolist() == [[[28]]]
    assert (
        WINDOW_SPREAD(np.ones((1, 1, 1)), spans=whole, size=(2, 2, 2)).tolist()
        == np.ones((2, 2, 2)).tolist()
    )


def test_adjoint():
    """⟨sum x, g⟩ = ⟨x, spread g⟩."""
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 2, 3))
    spread = WINDOW_SPREAD(g, **SPANS, size=(3, 3))
    assert np.sum(OP(x, **SPANS) * g) == pytest.approx(np.sum(x * spread), rel=1e-12)
