"""Functions whose answers at odd numbers are not CuPy's but NumPy's, against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.backend.cuda.namespace import Namespace

ODD = [0.0, -0.0, 0.6, -0.6, 1.0, -1.0, 3.5, -3.5, 1e30, -1e-30, np.inf, -np.inf, np.nan]
XP = Namespace(np)
PAIRS = (XP.remainder, np.remainder), (XP.floor_divide, np.floor_divide)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_equals_numpy(ours, theirs, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4000)) * 10.0 ** rng.integers(-3, 4, (2, 4000))
    with np.errstate(all="ignore"):
        grid = np.stack(np.meshgrid(ODD, ODD)).reshape(2, -1)
        a, b = (np.concatenate(pair).astype(dtype) for pair in zip((a, b), grid, strict=True))
        a[:50] = b[:50] * np.arange(50).astype(dtype)  # quotients that are whole, or nearly
        got, want = ours(a, b), theirs(a, b)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(want[want == 0]))


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_integers_and_single_numbers(ours, theirs):
    a, b = np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3])
    np.testing.assert_array_equal(ours(a, b), theirs(a, b))
    np.testing.assert_array_equal(ours(a * 0.5, 2.0), theirs(a * 0.5, 2.0))
