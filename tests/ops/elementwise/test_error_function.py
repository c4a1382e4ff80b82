"""erf, erfc and erfinv against Python's own, on all three ranges and at their borders."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.unary import BY_NAME

BORDERS = [0.46875, 4.0, 26.5, 27.5]
X = np.array([*np.linspace(-8, 8, 4001), *BORDERS, *np.nextafter(BORDERS, 0),
              *np.nextafter(BORDERS, 99), 0.0, 1e-300, -1e-20])  # fmt: skip


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_all_digits_of_a_double(name):
    want = np.array([getattr(math, name)(x) for x in X])
    np.testing.assert_allclose(BY_NAME[name](X), want, rtol=2e-15, atol=1e-300)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_single_precision(name):
    x = X.astype(np.float32)
    want = np.array([getattr(math, name)(float(v)) for v in x])
    got = BY_NAME[name](x)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=0, atol=5e-7)


def test_single_precision_keeps_the_digits_of_small_numbers():
    x = np.array([1e-30, -1e-6, 0.01], np.float32)
    want = [math.erf(float(v)) for v in x]
    np.testing.assert_allclose(BY_NAME["erf"](x), want, rtol=5e-7)


def test_erf_never_leaves_its_range():
    x = np.linspace(-6, 6, 40001)
    for dtype in (np.float32, np.float64):
        assert np.abs(BY_NAME["erf"](x.astype(dtype))).max() <= 1


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_special_values(dtype):
    x = np.array([np.inf, -np.inf, np.nan, -0.0], dtype)
    np.testing.assert_array_equal(BY_NAME["erf"](x), [1, -1, np.nan, -0.0])
    assert np.signbit(BY_NAME["erf"](x)[3])
    np.testing.assert_array_equal(BY_NAME["erfc"](x), [0, 2, np.nan, 1])


def test_the_two_add_up_to_one():
    np.testing.assert_allclose(BY_NAME["erf"](X) + BY_NAME["erfc"](X), 1, rtol=1e-15)


def test_slope():
    op = BY_NAME["erf"]
    _, saved = op.run([np.array([0.0, 1.0])], {})
    slope = op.differentiate(np.ones(2), saved, (True,))[0]
    np.testing.assert_allclose(slope, np.array([1, math.exp(-1)]) * 2 / math.sqrt(math.pi))


def test_the_inverse_undoes_both():
    x = np.array([*np.linspace(-0.999, 0.999, 999), 1e-300, 1 - 1e-12, np.nextafter(1, 0)])
    y = BY_NAME["erfinv"](x)
    np.testing.assert_allclose(BY_NAME["erf"](y), x, rtol=1e-14)
    np.testing.assert_allclose(BY_NAME["erfc"](y[-3:]), 1 - x[-3:], rtol=1e-13)
    assert BY_NAME["erfinv"](0.5 * np.ones(1)).item() == pytest.approx(
        0.4769362762044699, rel=1e-15
    )


def test_the_inverse_at_the_borders_and_beyond():
    y = BY_NAME["erfinv"](np.array([1.0, -1.0, 1.5, np.inf, np.nan, 0.0]))
    np.testing.assert_array_equal(y, [np.inf, -np.inf, np.nan, np.nan, np.nan, 0])
