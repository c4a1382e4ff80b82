"""gather and scatter_add: known answers, and that they are adjoint."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.shape.gather import OP, SCATTER_ADD

INDEX = np.array([[2, 0], [1, 1]])


def test_gather_reads():
    x = np.array([[1.0, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(OP(x, INDEX), [[3, 1], [5, 5]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_scatter_adds_what_meets(dtype):
    y = SCATTER_ADD(np.array([[1, 2], [3, 4]], dtype), INDEX, size=4)
    np.testing.assert_array_equal(y, [[2, 0, 1, 0], [0, 7, 0, 0]])
    assert y.dtype == dtype


def test_adjoint():
    """⟨gather x, g⟩ = ⟨x, scatter_add g⟩."""
    rng = np.random.default_rng(0)
    x, index = rng.normal(size=(3, 2, 5)), rng.integers(5, size=(3, 2, 9))
    g = rng.normal(size=index.shape)
    back = SCATTER_ADD(g, index, size=5)
    assert np.sum(OP(x, index) * g) == pytest.approx(np.sum(x * back), rel=1e-12)
