"""resample and its tables: a table transposed is the adjoint, and twice transposed itself."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.resize.resample import OP
from minitorch_cv.ops.resize.taps import Taps, taps_of, transposed


def matrix(taps):
    """The table written out: y = M x."""
    return OP(np.eye(taps.size), taps=(taps,)).T


@pytest.mark.parametrize("kind", ["nearest", "nearest-exact", "linear", "cubic"])
@pytest.mark.parametrize(("S", "O"), [(5, 8), (8, 5), (4, 1), (1, 3), (7, 13)])
@pytest.mark.parametrize("smooth", [False, True])
def test_transposed(kind, S, O, smooth):
    smooth = smooth and not kind.startswith("nearest")
    taps = taps_of(kind, S, O, None, False, smooth, "float64")
    M = matrix(taps)
    np.testing.assert_allclose(matrix(transposed(taps)), M.T, atol=1e-15)
    np.testing.assert_allclose(matrix(transposed(transposed(taps))), M, atol=1e-15)


def test_taps_that_are_not_there_hide_no_infinity():
    taps = Taps(2, np.array([[0, 1], [1, 0]]), np.ones((2, 2)), np.array([2, 1]))
    np.testing.assert_array_equal(OP(np.array([np.inf, 3.0]), taps=(taps,)), [np.inf, 3])


def test_axes_without_a_table_stay():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(OP(x, taps=(None, None)), x)
    pick = Taps(3, np.array([[2, 2, 0, 1]]), None)
    np.testing.assert_array_equal(OP(x, taps=(None, pick)), x[:, [2, 2, 0, 1]])
