"""The exponential and its relatives against float64, in units in the last place of float32."""

from __future__ import annotations

import math

import numpy as np
import pytest

numba = pytest.importorskip("numba")
exponential = pytest.importorskip("minitorch_cv.kernels.cpu.elementwise.exponential")
loops = pytest.importorskip("minitorch_cv.kernels.cpu.elementwise.loops")

F = np.float32
# function → the formula in float64, the range, the units in the last place it may be off
CASES = {
    "exp": (np.exp, (-104, 88.72), 1.1),
    "expm1": (np.expm1, (-110, 88.72), 4),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), (-87, 110), 4),
    "log1p_unit": (np.log1p, (0, 1), 4),
    "log1p_exp": (lambda x: np.logaddexp(0, x), (-87, 110), 4),
    "erf": (lambda x: np.vectorize(math.erf)(x), (-6, 6), 5),
}


def values_of(name, x):
    """Compiled here, not taken from the disk, where numba would not see a change of the formula."""
    y, formula = np.empty_like(x), getattr(exponential, name)

    @numba.njit(**loops.FLAGS)
    def run(x, y):
        for i in range(x.size):
            y[i] = formula(x[i])

    run(x, y)
    return y


def spread_over(low, high, count=300_000):
    """Evenly spaced numbers, and numbers whose bits are drawn, so that tiny ones are among them."""
    rng = np.random.default_rng(0)
    even = np.linspace(low, high, count).astype(F)
    drawn = rng.integers(0, 2**32, count, dtype=np.uint32).view(F)
    inside = drawn[np.isfinite(drawn) & (drawn >= low) & (drawn <= high)]
    return np.concatenate([even, inside])


@pytest.mark.parametrize("name", CASES)
def test_units_in_the_last_place(name):
    exact, (low, high), allowed = CASES[name]
    x = spread_over(low, high, 30_000 if name == "erf" else 300_000)
    want = exact(x.astype(np.float64))
    unit = np.spacing(np.abs(want).astype(F)).astype(np.float64)
    off = np.abs(values_of(name, x).astype(np.float64) - want) / unit
    assert off.max() <= allowed, (off.max(), x[off.argmax()])


def test_ends():
    x = np.array([-np.inf, np.inf, np.nan, 0.0, 88.8, -104.5, -150.0, 3.4e38, -3.4e38], F)
    inf, nan = np.inf, np.nan
    want = {
        "exp": [0, inf, nan, 1, inf, 0, 0, inf, 0],
        "expm1": [-1, inf, nan, 0, inf, -1, -1, inf, -1],
        "sigmoid": [0, 1, nan, 0.5, 1, 0, 0, 1, 0],
        "log1p_exp": [0, inf, nan, F(np.log(2)), F(88.8), 0, 0, F(3.4e38), 0],
        "erf": [-1, 1, nan, 0, 1, -1, -1, 1, -1],
    }
    for name, values in want.items():
        np.testing.assert_array_equal(values_of(name, x), np.array(values, F), name)


def test_denormal_results():
    """2ⁿ is multiplied in two steps, so the last is rounded once."""
    x = np.linspace(-103.2, -87.4, 10_000).astype(F)
    want = np.exp(x.astype(np.float64))
    off = np.abs(values_of("exp", x).astype(np.float64) - want)
    assert off.max() <= 1.1 * 2.0**-149
